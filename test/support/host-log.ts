import { SparseBytes } from './sparse-bytes'

/** What a simulated file system holds: names lead to files by their number. Paths are absolute. */
export interface FileSystemState {
  readonly names: ReadonlyMap<string, number>
  readonly files: ReadonlyMap<number, SparseBytes>
}

/**
 * One change, in the order in which they took effect. `covers` of a sync is the length of the log
 * when the sync began: of its file (or directory) it makes durable what stands before that.
 */
export type LogEntry =
  | {
      readonly kind: 'write'
      readonly file: number
      readonly offset: number
      readonly bytes: Uint8Array
    }
  | {
      readonly kind: 'punch'
      readonly file: number
      readonly offset: number
      readonly length: number
    }
  | { readonly kind: 'truncate'; readonly file: number; readonly size: number }
  | { readonly kind: 'sync'; readonly file: number; readonly covers: number }
  | { readonly kind: 'failed-sync'; readonly file: number; readonly covers: number }
  | { readonly kind: 'link'; readonly path: string; readonly file: number }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string; readonly file: number }
  | { readonly kind: 'sync-directory'; readonly directory: string; readonly covers: number }

/** The entries that change the bytes of a file. */
export type FileChange = Extract<LogEntry, { kind: 'write' | 'punch' | 'truncate' }>
/** The entries that change names. */
export type NameChange = Extract<LogEntry, { kind: 'link' | 'unlink' | 'rename' }>

/** Does to a file what a log entry says. */
export function applyChange(bytes: SparseBytes, change: FileChange): void {
  if (change.kind === 'write') bytes.write(change.bytes, change.offset)
  else if (change.kind === 'punch') bytes.punch(change.offset, change.length)
  else bytes.truncate(change.size)
}

/** Does to names what a log entry says. */
export function applyNameChange(names: Map<string, number>, change: NameChange): void {
  if (change.kind !== 'link') names.delete(change.path)
  if (change.kind === 'link') names.set(change.path, change.file)
  if (change.kind === 'rename') names.set(change.to, change.file)
}

/** A file system with these files. */
export function fileSystem(
  files: Readonly<Record<string, SparseBytes | Uint8Array>>,
): FileSystemState {
  const names = new Map<string, number>()
  const contents = new Map<number, SparseBytes>()
  for (const [path, content] of Object.entries(files)) {
    const number = contents.size + 1
    names.set(path, number)
    contents.set(number, content instanceof SparseBytes ? content : sparseBytes(content))
  }
  return { names, files: contents }
}

/** The same bytes, each block of zeros as a hole. */
export function sparseBytes(content: Uint8Array): SparseBytes {
  const bytes = new SparseBytes()
  bytes.truncate(content.length)
  for (let at = 0; at < content.length; at += 4096) {
    const part = content.subarray(at, at + 4096)
    if (part.some((byte) => byte !== 0)) bytes.write(part, at)
  }
  return bytes
}
