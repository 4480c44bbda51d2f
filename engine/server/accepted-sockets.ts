import { readdirSync, readlinkSync } from 'node:fs'
import { linuxSockets } from '../host/linux-sockets'
import type { NbdAddress } from './address'

/** Where Linux shows the descriptors of this process. */
const DESCRIPTORS = '/proc/self/fd'

/**
 * Finds the descriptor of a connection that was just accepted, which Node does not tell: by what is
 * new among the sockets of this process that bear the server's name. To be made when the server
 * listens and has no connection yet.
 */
export class AcceptedSockets {
  private readonly name: string | number
  /** What is no new connection, by the names that the system gives to sockets. */
  private known: ReadonlySet<string>

  constructor(address: NbdAddress) {
    this.name = address.kind === 'tcp' ? address.port : address.path
    this.known = new Set(this.sockets().keys())
  }

  /**
   * The descriptor of the one connection that came since the last call; undefined where it cannot
   * be told.
   */
  find(): number | undefined {
    const now = this.sockets()
    const fresh = [...now].filter(([socket]) => !this.known.has(socket))
    this.known = new Set(now.keys())
    const [first] = fresh
    return fresh.length === 1 && first !== undefined ? first[1] : undefined
  }

  /** All sockets that bear the server's name: the one that listens, and those it has accepted. */
  private sockets(): Map<string, number> {
    const found = new Map<string, number>()
    const linux = linuxSockets()
    if (linux === undefined) return found
    for (const name of names()) {
      const fd = Number(name)
      const socket = linkOf(name)
      if (socket?.startsWith('socket:') !== true || linux.nameOf(fd) !== this.name) continue
      found.set(socket, fd)
    }
    return found
  }
}

function names(): string[] {
  try {
    return readdirSync(DESCRIPTORS)
  } catch {
    return []
  }
}

/** Undefined where it was closed meanwhile. */
function linkOf(name: string): string | undefined {
  try {
    return readlinkSync(`${DESCRIPTORS}/${name}`)
  } catch {
    return undefined
  }
}
