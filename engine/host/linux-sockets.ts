import { koffi } from './koffi'

/** What Linux can tell and do of a socket by its descriptor, which Node has no function for. */
export interface LinuxSockets {
  /**
   * getsockname(2): the path of a Unix socket, empty where it has none, or the port of an IPv4
   * socket; undefined for any other, and for what is no socket.
   */
  nameOf(fd: number): string | number | undefined
  /**
   * A second descriptor of the same socket, which no program that is started inherits; undefined
   * where there can be no more: fcntl(2) with F_DUPFD_CLOEXEC.
   */
  duplicate(fd: number): number | undefined
  /**
   * Has a socket take so many bytes before its peer has read them, or as many as the system allows:
   * setsockopt(2) with SO_SNDBUF.
   */
  setSendBuffer(fd: number, bytes: number): void
}

const AF_UNIX = 1
const AF_INET = 2
const SOL_SOCKET = 1
const SO_SNDBUF = 7
const F_DUPFD_CLOEXEC = 1030
/** Of struct sockaddr_un, the longest name: a family of 16 bits, and the path. */
const FAMILY_SIZE = 2
const PATH_SIZE = 108

/** Undefined on other systems. Made at the first use, as loading the library takes some time. */
export function linuxSockets(): LinuxSockets | undefined {
  if (process.platform !== 'linux') return undefined
  loaded ??= load()
  return loaded
}

let loaded: LinuxSockets | undefined

function load(): LinuxSockets {
  const libc = koffi().load('libc.so.6')
  const fcntl = libc.func('int fcntl(int fd, int command, int lowest)')
  const getsockname = libc.func('int getsockname(int fd, void *name, void *length)')
  const setsockopt = libc.func('int setsockopt(int fd, int, int, const void *value, int length)')

  return {
    nameOf(fd) {
      const name = Buffer.alloc(FAMILY_SIZE + PATH_SIZE)
      const length = new Int32Array([name.length])
      if (Number(getsockname(fd, name, length)) !== 0) return undefined
      const family = name.readUInt16LE(0)
      // the port comes right behind the family
      if (family === AF_INET) return name.readUInt16BE(FAMILY_SIZE)
      if (family !== AF_UNIX) return undefined
      const end = name.indexOf(0, FAMILY_SIZE)
      return name.toString('utf8', FAMILY_SIZE, end < 0 ? name.length : end)
    },
    duplicate(fd) {
      const copy = Number(fcntl(fd, F_DUPFD_CLOEXEC, 0))
      return copy < 0 ? undefined : copy
    },
    setSendBuffer(fd, bytes) {
      // where it is refused, the socket keeps what it has
      setsockopt(fd, SOL_SOCKET, SO_SNDBUF, new Int32Array([bytes]), Int32Array.BYTES_PER_ELEMENT)
    },
  }
}
