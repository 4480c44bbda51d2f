import { assert } from '../base/assert'
import { alignUp, MIB } from '../base/units'

/** What a connection has for its input: several requests, so that few of them have to be moved. */
const BUFFER_SIZE = MIB

/** Memory for input. `users` counts the data in it that is still needed. */
export interface InBuffer {
  readonly bytes: Buffer
  users: number
}

/**
 * What has come from one client and was not used up yet, as one piece of memory, into which the
 * socket is read: data that was taken out of it is used where it lies.
 *
 * Memory that holds data which somebody still needs is never written to: it is filled up to its
 * end, then another is taken.
 */
export class Inbox {
  private buffer: InBuffer = newBuffer(BUFFER_SIZE)
  private start = 0
  private end = 0
  /** A buffer that nobody uses. */
  private spare: InBuffer | undefined
  private held = 0

  /** Bytes that wait to be used up. */
  get length(): number {
    return this.end - this.start
  }

  /** The memory in which what waits starts at `at`. */
  get bytes(): Buffer {
    return this.buffer.bytes
  }

  get at(): number {
    return this.start
  }

  /** Bytes of memory, besides that for present input, whose data is still needed. */
  get heldBytes(): number {
    return this.held
  }

  /** Memory behind what waits, to read into and to be given to `add` then: at least one byte. */
  space(): Buffer {
    if (this.end === this.buffer.bytes.length) this.makeRoom(this.length + 1)
    return this.buffer.bytes.subarray(this.end)
  }

  /** Puts bytes behind what waits: where they lie in the memory of `space`, without a copy. */
  add(bytes: Buffer): void {
    const { buffer, end } = this
    const inPlace = bytes.buffer === buffer.bytes.buffer && bytes.byteOffset === end
    if (!inPlace) {
      this.makeRoom(this.length + bytes.length)
      bytes.copy(this.buffer.bytes, this.end)
    }
    this.end += bytes.length
  }

  /** Whether so many bytes wait; where not, there is room for them to come, in one piece. */
  has(length: number): boolean {
    if (this.length >= length) return true
    this.makeRoom(length)
    return false
  }

  private makeRoom(length: number): void {
    const { buffer, start, end } = this
    if (start + length <= buffer.bytes.length) return
    const fits = length <= buffer.bytes.length
    const next = fits && buffer.users === 0 ? buffer : this.takeBuffer(length)
    buffer.bytes.copy(next.bytes, 0, start, end)
    this.start = 0
    this.end = end - start
    if (next !== buffer) this.change(next)
  }

  /** The first bytes, as they are until they are dropped, or as long as their memory is held. */
  peek(length: number): Buffer {
    return this.buffer.bytes.subarray(this.start, this.start + length)
  }

  /** Forgets the first bytes. */
  drop(length: number): void {
    assert(length <= this.length, 'more was used up than has come')
    this.start += length
    if (this.start < this.end || this.buffer.users > 0) return
    this.start = 0
    this.end = 0
    // what a long request has needed is given back
    if (this.buffer.bytes.length > BUFFER_SIZE) this.change(this.takeBuffer(BUFFER_SIZE))
  }

  /** Keeps what `peek` shows as it is, also when it is dropped, until `release`. */
  hold(): InBuffer {
    this.buffer.users += 1
    return this.buffer
  }

  release(buffer: InBuffer): void {
    buffer.users -= 1
    assert(buffer.users >= 0, 'memory for input was given back twice')
    if (buffer.users > 0 || buffer === this.buffer) return
    this.held -= buffer.bytes.length
    this.leave(buffer)
  }

  private change(next: InBuffer): void {
    const before = this.buffer
    this.buffer = next
    if (before.users > 0) this.held += before.bytes.length
    else this.leave(before)
  }

  private leave(buffer: InBuffer): void {
    if (buffer.bytes.length === BUFFER_SIZE) this.spare = buffer
  }

  private takeBuffer(length: number): InBuffer {
    if (length > BUFFER_SIZE) return newBuffer(alignUp(length, BUFFER_SIZE))
    const { spare = newBuffer(BUFFER_SIZE) } = this
    this.spare = undefined
    return spare
  }
}

/** Memory that is no part of another's. */
function newBuffer(length: number): InBuffer {
  return { bytes: Buffer.allocUnsafeSlow(length), users: 0 }
}
