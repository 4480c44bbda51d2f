import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { MIB } from '../base/units'
import { linuxSockets } from '../host/linux-sockets'
import type { Inbox } from './inbox'

/** What a socket shall take before the client has read it, in bytes. */
const SEND_BUFFER = MIB

export interface ReadSocket {
  readonly socket: Socket
  /** Its own descriptor, good as long as it is not destroyed; undefined where it is not known. */
  readonly descriptor: number | undefined
}

/**
 * Has a socket that was accepted, and is paused, read into an inbox: `take` gets each piece, to add
 * it. Returns the socket to be used instead of it, or itself.
 *
 * Node reads what it accepts 64 KiB at a time, each into memory of its own. A socket that is made
 * from a descriptor can be read into memory that we have: so where the descriptor is known, a
 * second one of the same connection is, and the one that was accepted is kept for the server, which
 * counts it, until that is closed.
 */
export function readInto(
  inbox: Inbox,
  accepted: Socket,
  descriptor: number | undefined,
  take: (bytes: Buffer) => void,
): ReadSocket {
  const own = descriptor === undefined ? undefined : ownDescriptor(descriptor)
  if (own === undefined) {
    accepted.on('data', take)
    accepted.resume()
    return { socket: accepted, descriptor: undefined }
  }
  let space = inbox.space()
  const options: SocketConstructorOpts & ConnectOpts = {
    fd: own,
    readable: true,
    writable: true,
    allowHalfOpen: true,
    onread: {
      buffer: () => (space = inbox.space()),
      callback: (length) => {
        take(space.subarray(0, length))
        return true
      },
    },
  }
  const socket = new Socket(options)
  socket.once('close', () => accepted.destroy())
  return { socket, descriptor: own }
}

function ownDescriptor(accepted: number): number | undefined {
  const linux = linuxSockets()
  linux?.setSendBuffer(accepted, SEND_BUFFER)
  return linux?.duplicate(accepted)
}
