import * as fs from 'node:fs'
import { constants } from 'node:os'
import { type ByteRange, rangeEnd } from '../base/byte-range'
import { alignDown, divCeil, GIB, MIB } from '../base/units'
import type { DirectFile } from './host'
import { ioError } from './io-error'
import { koffi } from './koffi'
import type { LinuxCalls } from './linux-calls'

const PROT_NONE = 0
const MAP_SHARED = 1
/** Longest range that is looked at. */
const MAX_LENGTH = 4 * MIB
/** Why sendfile(2) may never work for a file. */
const NO_SENDING = new Set([constants.errno.EINVAL, constants.errno.ENOSYS])

/**
 * A file of Linux. What of it is in memory is told by mincore(2), for which it is mapped, though
 * never read, a GiB at a time: a mapping for each look would cost as much as the look.
 *
 * preadv2 with RWF_NOWAIT, which tells the same for a read, has no like for sendfile(2).
 */
export class LinuxDirectFile implements DirectFile {
  private readonly calls = linuxSending()
  private able: boolean
  /** Where the mapping is, in memory and in the file. */
  private address = 0
  private start = -1

  constructor(
    private readonly path: string,
    private readonly fd: number,
    private readonly linux: LinuxCalls,
  ) {
    this.able = tellsTruth(fd)
  }

  isHole(range: ByteRange): boolean {
    try {
      return (this.linux.seekData(this.fd, range.offset) ?? Infinity) >= rangeEnd(range)
    } catch {
      // a file system that does not tell: taken for data
      return false
    }
  }

  inMemory({ offset, length }: ByteRange): boolean {
    const { calls } = this
    const from = alignDown(offset, calls.pageSize)
    const whole = offset + length - from
    if (length > MAX_LENGTH || !this.map(from)) return false
    const looked = calls.resident.subarray(0, divCeil(whole, calls.pageSize))
    if (calls.mincore(this.address + from - this.start, whole, looked) !== 0) return false
    return looked.every((page) => (page & 1) === 1)
  }

  private map(offset: number): boolean {
    if (!this.able) return false
    const start = alignDown(offset, GIB)
    if (start === this.start) return true
    this.close()
    const { calls } = this
    const address = calls.mmap(0, GIB + MAX_LENGTH, PROT_NONE, MAP_SHARED, this.fd, start)
    this.able = address > 0
    if (!this.able) return false
    this.address = address
    this.start = start
    return true
  }

  send(socket: number, { offset, length }: ByteRange): number {
    const { calls } = this
    calls.offset[0] = BigInt(offset)
    const sent = calls.sendfile(socket, this.fd, calls.offset, length)
    if (sent >= 0) return sent
    if (NO_SENDING.has(koffi().errno())) this.able = false
    return 0
  }

  readNow(target: Uint8Array, offset: number): void {
    try {
      let done = 0
      while (done < target.length) {
        const read = fs.readSync(this.fd, target, done, target.length - done, offset + done)
        if (read === 0) break
        done += read
      }
      target.fill(0, done)
    } catch (error) {
      throw ioError('read', this.path, error)
    }
  }

  close(): void {
    if (this.start >= 0) this.calls.munmap(this.address, GIB + MAX_LENGTH)
    this.start = -1
  }
}

/**
 * Linux tells only those who own a file, or may write to it, what of it is in memory; to all others
 * it says that everything is.
 */
function tellsTruth(fd: number): boolean {
  try {
    if (fs.fstatSync(fd).uid === process.geteuid?.()) return true
    fs.accessSync(`/proc/self/fd/${String(fd)}`, fs.constants.W_OK)
    return true
  } catch {
    return false
  }
}

interface Sending {
  readonly pageSize: number
  mmap(hint: 0, length: number, access: number, flags: number, fd: number, offset: number): number
  munmap(address: number, length: number): void
  mincore(address: number, length: number, pages: Uint8Array): number
  sendfile(socket: number, fd: number, offset: BigInt64Array, length: number): number
  readonly resident: Uint8Array
  readonly offset: BigInt64Array
}

let loaded: Sending | undefined

function linuxSending(): Sending {
  if (loaded !== undefined) return loaded
  const libc = koffi().load('libc.so.6')
  const mmap = libc.func('int64_t mmap(int64_t, size_t, int access, int flags, int fd, int64_t)')
  const munmap = libc.func('int munmap(int64_t address, size_t length)')
  const mincore = libc.func('int mincore(int64_t address, size_t length, void *pages)')
  const sendfile = libc.func('int64_t sendfile(int socket, int fd, void *offset, size_t length)')
  const pageSize = Number(libc.func('int getpagesize()')())
  loaded = {
    pageSize,
    mmap: (...args) => Number(mmap(...args)),
    munmap: (address, length) => void munmap(address, length),
    mincore: (...args) => Number(mincore(...args)),
    sendfile: (...args) => Number(sendfile(...args)),
    resident: new Uint8Array(divCeil(MAX_LENGTH, pageSize) + 1),
    offset: new BigInt64Array(1),
  }
  return loaded
}
