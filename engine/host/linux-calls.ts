import { statfsSync } from 'node:fs'
import { constants } from 'node:os'
import { koffi } from './koffi'

/**
 * The system calls that Node has no function for. Absent on other systems, where each user has a
 * portable way beside it. A call costs about a microsecond. Failures throw an Error with `code`, as
 * Node's own do.
 */
export interface LinuxCalls {
  /**
   * lseek(2) with SEEK_DATA: the start of the first data at or behind `offset`; undefined where
   * there is none.
   */
  seekData(fd: number, offset: number): number | undefined
  /**
   * lseek(2) with SEEK_HOLE: the start of the first hole at or behind `offset`, the file's end at
   * the latest; undefined where `offset` is not before it.
   */
  seekHole(fd: number, offset: number): number | undefined
  /**
   * Whether FIEMAP tells of all data, of what is not yet on the device too, without a flush. ext4
   * does; on XFS it passes over what is about to take the place of shared blocks.
   */
  tellsExtents(fd: number): boolean
  /** ioctl(2) with FIEMAP: `request` is a struct fiemap, with room for the extents behind it. */
  fileExtents(fd: number, request: Uint8Array): void
  /** The same in the thread pool. `request` must stay as it is meanwhile. */
  fileExtentsLater(fd: number, request: Uint8Array): Promise<void>
  /** fallocate(2) with PUNCH_HOLE and KEEP_SIZE. */
  punchHole(fd: number, offset: number, length: number): void
  /**
   * Whether copy_file_range(2) can do more than to copy: share blocks, or let a server copy by
   * itself.
   */
  copiesWithin(fd: number): boolean
  /** copy_file_range(2): bytes copied, 0 at the source's end. */
  copyRange(from: number, fromOffset: number, to: number, toOffset: number, length: number): number
  /**
   * preadv2(2) with RWF_NOWAIT: bytes read; undefined where it would have to wait for the device.
   */
  readCached(fd: number, target: Uint8Array, offset: number): number | undefined
  /** linkat(2): gives a name to a file that was opened with O_TMPFILE and has none. */
  giveName(fd: number, path: string): void
  /**
   * renameat2(2) with NOREPLACE: another name in one step, at no moment both; EEXIST where it is
   * taken.
   */
  renameNew(path: string, newPath: string): void
  /** posix_fadvise(2) with WILLNEED: asks the device for a range, and does not wait for it. */
  prefetch(fd: number, offset: number, length: number): void
  /** Where the bytes lie in memory. */
  addressOf(bytes: Uint8Array): bigint
  /** fcntl(2) F_OFD_SETLK: whether a shared (or no) lock on the bytes could be set. */
  setByteLock(fd: number, byte: number, kind: 'shared' | 'none'): boolean
  /** fcntl(2) F_OFD_GETLK: whether another open file description holds a lock on the byte. */
  testByteLock(fd: number, byte: number): boolean
}

const SEEK_DATA = 3
const SEEK_HOLE = 4
const FS_IOC_FIEMAP = 0xc020660b
const FALLOC_FL_KEEP_SIZE = 1
const FALLOC_FL_PUNCH_HOLE = 2
const RWF_NOWAIT = 8
const POSIX_FADV_WILLNEED = 3
const AT_FDCWD = -100
const AT_SYMLINK_FOLLOW = 0x400
const RENAME_NOREPLACE = 1
const F_OFD_GETLK = 36
const F_OFD_SETLK = 37
const F_RDLCK = 0
const F_WRLCK = 1
const F_UNLCK = 2
/** By its number of statfs(2): ext2, ext3, ext4. */
const EXT = 0xef53
/** By the numbers of statfs(2): Btrfs, XFS, bcachefs, ZFS, OCFS2; NFS, CIFS, SMB2, Ceph. */
const COPYING_FILE_SYSTEMS = new Set([
  0x9123683e, 0x58465342, 0xca451a4e, 0x2fc12fc1, 0x7461636f, 0x6969, 0xff534d42, 0xfe534d42,
  0x00c36400,
])

/**
 * Linux's calls; undefined on other systems. Made at the first use, as loading the library takes
 * some milliseconds.
 */
export function linuxCalls(): LinuxCalls | undefined {
  if (process.platform !== 'linux') return undefined
  loaded ??= load()
  return loaded
}

let loaded: LinuxCalls | undefined

function load(): LinuxCalls {
  const libc = koffi().load('libc.so.6')
  const lseek = libc.func('int64_t lseek(int fd, int64_t offset, int whence)')
  const ioctl = libc.func('int ioctl(int fd, unsigned long request, void *argument)')
  const fallocate = libc.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)')
  const copyFileRange = libc.func(
    'int64_t copy_file_range(int from, void *fromOffset, int to, void *toOffset, ' +
      'size_t length, unsigned int flags)',
  )
  const fadvise = libc.func('int posix_fadvise(int fd, int64_t offset, int64_t length, int advice)')
  const preadv2 = libc.func(
    'int64_t preadv2(int fd, void *vector, int count, int64_t offset, int flags)',
  )
  const linkat = libc.func('int linkat(int, const char *from, int, const char *to, int flags)')
  const renameat2 = libc.func(
    'int renameat2(int, const char *from, int, const char *to, unsigned int flags)',
  )
  const fcntl = libc.func('int fcntl(int fd, int command, void *lock)')

  const fromOffset64 = new BigInt64Array(1)
  const toOffset64 = new BigInt64Array(1)
  const vector = new BigUint64Array(2)
  // struct flock on 64-bit Linux: short type, short whence, (4 bytes of padding), i64 start, i64
  // length, i32 pid
  const lock = new DataView(new ArrayBuffer(32))
  const lockBytes = new Uint8Array(lock.buffer)

  function seek(fd: number, offset: number, whence: number): number | undefined {
    const at = Number(lseek(fd, offset, whence))
    if (at >= 0) return at
    if (koffi().errno() === constants.errno.ENXIO) return undefined
    throw lastError('lseek')
  }

  function byteLock(fd: number, command: number, type: number, byte: number): number {
    lockBytes.fill(0)
    lock.setInt16(0, type, true)
    lock.setBigInt64(8, BigInt(byte), true)
    lock.setBigInt64(16, 1n, true)
    return Number(fcntl(fd, command, lockBytes))
  }

  return {
    seekData(fd, offset) {
      return seek(fd, offset, SEEK_DATA)
    },
    seekHole(fd, offset) {
      return seek(fd, offset, SEEK_HOLE)
    },
    tellsExtents: (fd) => fileSystem(fd) === EXT,
    fileExtents(fd, request) {
      if (Number(ioctl(fd, FS_IOC_FIEMAP, request)) !== 0) throw lastError('ioctl')
    },
    fileExtentsLater: (fd, request) =>
      new Promise((resolve, reject) => {
        ioctl.async(fd, FS_IOC_FIEMAP, request, (error: unknown, result: unknown) => {
          if (error === null && Number(result) === 0) resolve()
          else reject(lastError('ioctl'))
        })
      }),
    punchHole(fd, offset, length) {
      const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
      if (Number(fallocate(fd, mode, offset, length)) !== 0) throw lastError('fallocate')
    },
    copiesWithin: (fd) => COPYING_FILE_SYSTEMS.has(fileSystem(fd)),
    copyRange(from, fromOffset, to, toOffset, length) {
      fromOffset64[0] = BigInt(fromOffset)
      toOffset64[0] = BigInt(toOffset)
      const copied = Number(copyFileRange(from, fromOffset64, to, toOffset64, length, 0))
      if (copied < 0) throw lastError('copy_file_range')
      return copied
    },
    giveName(fd, path) {
      const unnamed = `/proc/self/fd/${String(fd)}`
      const result = Number(linkat(AT_FDCWD, unnamed, AT_FDCWD, path, AT_SYMLINK_FOLLOW))
      if (result !== 0) throw lastError('linkat')
    },
    renameNew(path, newPath) {
      const result = Number(renameat2(AT_FDCWD, path, AT_FDCWD, newPath, RENAME_NOREPLACE))
      if (result !== 0) throw lastError('renameat2')
    },
    prefetch(fd, offset, length) {
      // advice alone: where it is not taken, the read itself does what is needed
      fadvise(fd, offset, length, POSIX_FADV_WILLNEED)
    },
    readCached(fd, target, offset) {
      vector[0] = koffi().address(target)
      vector[1] = BigInt(target.length)
      const read = Number(preadv2(fd, vector, 1, offset, RWF_NOWAIT))
      // EAGAIN: not in the cache; EOPNOTSUPP: a file system without it. An error of the device
      // shows in the full read.
      return read < 0 ? undefined : read
    },
    addressOf: (bytes) => koffi().address(bytes),
    setByteLock(fd, byte, kind) {
      const type = kind === 'shared' ? F_RDLCK : F_UNLCK
      if (byteLock(fd, F_OFD_SETLK, type, byte) === 0) return true
      const errno = koffi().errno()
      if (errno === constants.errno.EAGAIN || errno === constants.errno.EACCES) return false
      throw lastError('fcntl')
    },
    testByteLock(fd, byte) {
      if (byteLock(fd, F_OFD_GETLK, F_WRLCK, byte) !== 0) throw lastError('fcntl')
      return lock.getInt16(0, true) !== F_UNLCK
    },
  }
}

function fileSystem(fd: number): number {
  return statfsSync(`/proc/self/fd/${String(fd)}`).type
}

function lastError(call: string): Error & { code: string } {
  const errno = koffi().errno()
  const name = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0]
  const code = name ?? `errno ${String(errno)}`
  return Object.assign(new Error(`${call} failed with ${code}`), { code })
}
