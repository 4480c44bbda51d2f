import { constants } from 'node:os'
import { koffi } from './koffi'

/**
 * Numbers of io_setup(2), io_submit(2), io_getevents(2) and io_destroy(2), which the C library has
 * no functions for.
 */
const NUMBERS: Readonly<Record<string, readonly [number, number, number, number]>> = {
  x64: [206, 209, 208, 207],
  arm64: [0, 2, 4, 1],
}
/** Writes that may be under way, of all who use one queue: more than any of them ever has. */
const DEPTH = 128
/** struct iocb: what of it is not zero. A pointer to it stands behind it. */
const IOCB = { size: 64, data: 0, command: 16, fd: 20, buffer: 24, length: 32, offset: 40 } as const
const PWRITE = 1
/** struct io_event: u64 data, u64 iocb, i64 result, 8 bytes. */
const EVENT = 32
const EVENT_RESULT = 16
const EVENTS_AT_ONCE = 16

interface UnderWay {
  /** What the kernel reads until the write has ended. */
  readonly memory: readonly Uint8Array[]
  readonly ended: (result: number) => void
  readonly failed: (error: unknown) => void
}

/**
 * Direct writes (O_DIRECT) that are on their way to the device side by side. A pwrite(2) keeps the
 * lock of its file until the device has answered, wherever blocks are given to the file; what was
 * put in such a queue waits without it. To close a queue takes some 30 ms.
 */
export class WriteQueue {
  private readonly underWay = new Map<number, UnderWay>()
  private readonly events = new DataView(new ArrayBuffer(EVENTS_AT_ONCE * EVENT))
  private last = 0
  /** Writes of which it is known that the kernel has them, without those that have ended. */
  private submitted = 0
  private collecting = false

  private constructor(
    private readonly calls: Calls,
    private readonly context: bigint,
  ) {}

  /** Undefined where the system has no such queue for us. */
  static open(): WriteQueue | undefined {
    const calls = aioCalls()
    const context = calls?.setUp(DEPTH)
    if (calls === undefined || context === undefined) return undefined
    return new WriteQueue(calls, context)
  }

  /**
   * Bytes written: at times fewer than all, none where the system does not take the write this way.
   * Memory, offset and length are aligned as direct writes must be. Fails with an Error that has a
   * `code`, as Node's own calls do.
   */
  async write(fd: number, bytes: Uint8Array, offset: number): Promise<number> {
    const id = (this.last += 1)
    const request = new Uint8Array(IOCB.size + 8)
    const view = new DataView(request.buffer)
    view.setBigUint64(IOCB.data, BigInt(id), true)
    view.setUint16(IOCB.command, PWRITE, true)
    view.setUint32(IOCB.fd, fd, true)
    view.setBigUint64(IOCB.buffer, koffi().address(bytes), true)
    view.setBigUint64(IOCB.length, BigInt(bytes.length), true)
    view.setBigInt64(IOCB.offset, BigInt(offset), true)
    view.setBigUint64(IOCB.size, koffi().address(request), true)
    const result = new Promise<number>((ended, failed) => {
      this.underWay.set(id, { memory: [bytes, request], ended, failed })
    })
    // may fail before it is waited for
    result.catch(() => undefined)
    if (!(await this.calls.submit(this.context, request.subarray(IOCB.size)))) {
      this.underWay.delete(id)
      return 0
    }
    this.submitted += 1
    this.collect()
    return await result
  }

  /** Nothing may be under way, and nothing may follow. */
  close(): Promise<void> {
    return this.calls.tearDown(this.context)
  }

  /**
   * Waits until a write has ended, in a thread of the pool: only where there is one for certain, as
   * what is to be submitted may wait for that thread.
   */
  private collect(): void {
    if (this.collecting || this.submitted <= 0) return
    this.collecting = true
    const bytes = new Uint8Array(this.events.buffer)
    this.calls.getEvents(this.context, EVENTS_AT_ONCE, bytes).then(
      (count) => {
        this.collecting = false
        for (let n = 0; n < count; n += 1) this.end(n * EVENT)
        this.collect()
      },
      (error: unknown) => {
        this.collecting = false
        this.submitted = 0
        // they stay: the kernel may still read their memory
        for (const { failed } of this.underWay.values()) failed(error)
      },
    )
  }

  private end(at: number): void {
    const id = Number(this.events.getBigUint64(at, true))
    const result = Number(this.events.getBigInt64(at + EVENT_RESULT, true))
    const write = this.underWay.get(id)
    this.underWay.delete(id)
    this.submitted -= 1
    if (result < 0) write?.failed(failure(-result))
    else write?.ended(result)
  }
}

interface Calls {
  setUp(depth: number): bigint | undefined
  submit(context: bigint, pointer: Uint8Array): Promise<boolean>
  getEvents(context: bigint, most: number, events: Uint8Array): Promise<number>
  tearDown(context: bigint): Promise<void>
}

let loaded: Calls | undefined

function aioCalls(): Calls | undefined {
  const numbers = process.platform === 'linux' ? NUMBERS[process.arch] : undefined
  if (numbers === undefined) return undefined
  loaded ??= load(numbers)
  return loaded
}

function load([setUp, submit, getEvents, destroy]: readonly [
  number,
  number,
  number,
  number,
]): Calls {
  const libc = koffi().load('libc.so.6')
  const ioSetup = libc.func('long syscall(long, unsigned int depth, void *context)')
  const ioSubmit = libc.func('long syscall(long, uint64_t context, long count, void *requests)')
  const ioGetEvents = libc.func(
    'long syscall(long, uint64_t context, long fewest, long most, void *events, void *timeout)',
  )
  const ioDestroy = libc.func('long syscall(long, uint64_t context)')
  type Done = (error: unknown, result: unknown) => void
  /** In the thread pool. */
  const later = (call: (done: Done) => void): Promise<number> =>
    new Promise((resolve, reject) => {
      call((error, result) => {
        if (error === null) resolve(Number(result))
        else reject(error instanceof Error ? error : new Error('a call was not made'))
      })
    })
  return {
    setUp(depth) {
      const context = new BigUint64Array(1)
      return Number(ioSetup(setUp, depth, context)) === 0 ? context[0] : undefined
    },
    async submit(context, pointer) {
      const count = await later((done) => {
        ioSubmit.async(submit, context, 1, pointer, done)
      })
      return count === 1
    },
    async getEvents(context, most, events) {
      const count = await later((done) => {
        ioGetEvents.async(getEvents, context, 1, most, events, null, done)
      })
      if (count >= 0) return count
      const errno = koffi().errno()
      if (errno === constants.errno.EINTR) return 0
      throw failure(errno)
    },
    async tearDown(context) {
      await later((done) => {
        ioDestroy.async(destroy, context, done)
      })
    },
  }
}

function failure(errno: number): Error & { code: string } {
  const name = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0]
  const code = name ?? `errno ${String(errno)}`
  return Object.assign(new Error(`a direct write failed with ${code}`), { code })
}
