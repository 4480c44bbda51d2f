import type { Socket } from 'node:net'
import { assert } from '../base/assert'
import type { ReadSocket } from './read-into'

/**
 * Room for many small replies, or one read of 256 KiB: about what a socket takes at once, so that
 * the client works on one buffer while the next one is filled.
 */
const BUFFER_SIZE = 288 * 1024
/** Buffers of that size that are kept for later, of all connections together. */
const SPARE_BUFFERS = 16

/** Memory for replies. `users` counts those who still need it. */
interface OutBuffer {
  readonly bytes: Buffer
  users: number
}

const spare: OutBuffer[] = []

function takeBuffer(size: number): OutBuffer {
  if (size > BUFFER_SIZE) return { bytes: Buffer.allocUnsafeSlow(size), users: 1 }
  const buffer = spare.pop() ?? { bytes: Buffer.allocUnsafeSlow(BUFFER_SIZE), users: 0 }
  buffer.users = 1
  return buffer
}

function giveBack(buffer: OutBuffer): void {
  buffer.users -= 1
  assert(buffer.users >= 0, 'memory for replies was given back twice')
  if (buffer.users > 0 || buffer.bytes.length !== BUFFER_SIZE) return
  if (spare.length < SPARE_BUFFERS) spare.push(buffer)
}

/** The place of a reply whose data comes later. */
export interface Slot {
  readonly buffer: OutBuffer
  /** Where it starts in the buffer's bytes, and behind its end. */
  readonly start: number
  readonly end: number
}

/**
 * Replies on their way to one socket. They are written one behind the other into large buffers, and
 * what is complete goes to the socket as one piece: when a buffer is full, or when whoever makes
 * the replies says that no more follow at once.
 *
 * A reply whose data comes later keeps its place in the buffer as a slot, and is sent when it is
 * there; what comes behind it does not wait.
 */
export class Outbox {
  /** Where the reply that was reserved last starts in its buffer. */
  at = 0
  private current: OutBuffer | undefined
  /** Of the current buffer: what lies between is reserved, and not given to the socket yet. */
  private start = 0
  private end = 0
  private slotBytes = 0
  private scheduled = false
  private readonly socket: Socket
  private readonly descriptor: number | undefined

  constructor(
    { socket, descriptor }: ReadSocket,
    /** Called each time the socket has taken something. */
    private readonly taken: () => void,
  ) {
    this.socket = socket
    this.descriptor = descriptor
  }

  /**
   * The socket's descriptor, where it has taken all that was sent, so that more can be sent to it
   * past the outbox, after `finish`. Undefined where that is not so, or it is not known.
   */
  get clearSocket(): number | undefined {
    const { socket, scheduled, descriptor } = this
    return scheduled || !socket.writable || socket.writableLength > 0 ? undefined : descriptor
  }

  /** Bytes of replies in memory, those that the socket has not taken yet among them. */
  get bytes(): number {
    return this.slotBytes + this.socket.writableLength + (this.end - this.start)
  }

  /** Makes room for a reply of `size` bytes: returns the buffer, and its place there as `at`. */
  reserve(size: number): Buffer {
    const buffer = this.current
    if (buffer === undefined || this.end + size > buffer.bytes.length) return this.next(size)
    this.at = this.end
    this.end += size
    return buffer.bytes
  }

  private next(size: number): Buffer {
    this.finish()
    const buffer = takeBuffer(size)
    this.current = buffer
    this.at = 0
    this.end = size
    return buffer.bytes
  }

  /** The buffer of the reply that was reserved last; undefined once that was sent. */
  get last(): Buffer | undefined {
    return this.current?.bytes
  }

  /** Takes back the reply that was reserved last. */
  retract(): void {
    this.end = this.at
  }

  /** Makes the reply that was reserved last a slot. */
  detach(): Slot {
    const buffer = this.current
    assert(buffer !== undefined, 'nothing was reserved')
    const slot = { buffer, start: this.at, end: this.end }
    this.end = slot.start
    this.send()
    this.start = slot.end
    this.end = slot.end
    buffer.users += 1
    this.slotBytes += slot.end - slot.start
    return slot
  }

  /** Sends the first `length` bytes of a slot, soon; 0 gives it up. To be called once a slot. */
  fulfil(slot: Slot, length: number): void {
    this.slotBytes -= slot.end - slot.start
    if (length > 0) {
      this.sendSoon()
      this.write(slot.buffer, slot.start, slot.start + length)
    }
    giveBack(slot.buffer)
  }

  /** Sends in this turn of the event loop, together with what else is ready until its end. */
  sendSoon(): void {
    if (this.scheduled) return
    this.scheduled = true
    this.socket.cork()
    setImmediate(() => {
      this.scheduled = false
      this.finish()
      this.socket.uncork()
    })
  }

  /** Sends what is complete, and gives up the buffer: nothing more is reserved at once. */
  finish(): void {
    this.send()
    if (this.current !== undefined) giveBack(this.current)
    this.current = undefined
    this.start = 0
    this.end = 0
  }

  private send(): void {
    const { current, start, end } = this
    if (current === undefined || start === end) return
    this.start = end
    this.write(current, start, end)
  }

  private write(buffer: OutBuffer, start: number, end: number): void {
    if (this.socket.destroyed) return
    buffer.users += 1
    let needed = true
    this.socket.write(buffer.bytes.subarray(start, end), () => {
      if (needed) giveBack(buffer)
      this.taken()
    })
    // Most often the system has it all by now, though the callback comes later: so the memory that
    // is still in the processor's cache is the next to be used.
    if (this.socket.writableLength > 0) return
    needed = false
    giveBack(buffer)
  }
}
