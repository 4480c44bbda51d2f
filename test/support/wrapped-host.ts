import type { ByteRange } from '../../engine/base/byte-range'
import type { MaybePromise } from '../../engine/base/maybe-promise'
import type {
  ByteLocks,
  CopyPiece,
  DataRun,
  FileStat,
  Host,
  HostFile,
  OpenOptions,
} from '../../engine/host/host'

/** A host that hands every call on: to be changed in one point by those who extend it. */
export class WrappedHost implements Host {
  constructor(protected readonly inner: Host) {}

  open(path: string, options: OpenOptions): Promise<HostFile> {
    return this.inner.open(path, options)
  }

  realPath(path: string): Promise<string> {
    return this.inner.realPath(path)
  }

  stat(path: string): Promise<FileStat | undefined> {
    return this.inner.stat(path)
  }

  publish(path: string, finalPath: string): Promise<void> {
    return this.inner.publish(path, finalPath)
  }

  replace(path: string, finalPath: string): Promise<void> {
    return this.inner.replace(path, finalPath)
  }

  link(path: string, secondPath: string): Promise<void> {
    return this.inner.link(path, secondPath)
  }

  rename(path: string, newPath: string): Promise<void> {
    return this.inner.rename(path, newPath)
  }

  remove(path: string): Promise<void> {
    return this.inner.remove(path)
  }

  syncDirectory(directory: string): Promise<void> {
    return this.inner.syncDirectory(directory)
  }

  freeSpace(directory: string): Promise<number | undefined> {
    return this.inner.freeSpace(directory)
  }
}

/** The same for an open file. */
export class WrappedFile implements HostFile {
  constructor(protected readonly inner: HostFile) {}

  get path(): string {
    return this.inner.path
  }

  get identity(): string {
    return this.inner.identity
  }

  get writable(): boolean {
    return this.inner.writable
  }

  get locks(): ByteLocks | undefined {
    return this.inner.locks
  }

  stat(): Promise<FileStat> {
    return this.inner.stat()
  }

  read(target: Uint8Array, offset: number): MaybePromise<void> {
    return this.inner.read(target, offset)
  }

  write(source: Uint8Array, offset: number): MaybePromise<void> {
    return this.inner.write(source, offset)
  }

  punchHole(range: ByteRange): Promise<void> {
    return this.inner.punchHole(range)
  }

  punchesHoles(): boolean {
    return this.inner.punchesHoles()
  }

  copyFrom(pieces: readonly CopyPiece[]): Promise<void> {
    return this.inner.copyFrom(pieces)
  }

  truncate(size: number): Promise<void> {
    return this.inner.truncate(size)
  }

  sync(): Promise<void> {
    return this.inner.sync()
  }

  dataAt(offset: number): MaybePromise<DataRun> {
    return this.inner.dataAt(offset)
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}

/** A host whose files are wrapped as they are opened. */
export class HostOfWrappedFiles extends WrappedHost {
  constructor(
    inner: Host,
    private readonly wrap: (file: HostFile) => HostFile,
  ) {
    super(inner)
  }

  override async open(path: string, options: OpenOptions): Promise<HostFile> {
    return this.wrap(await super.open(path, options))
  }
}
