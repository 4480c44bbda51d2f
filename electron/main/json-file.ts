import { mkdir, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import type * as z from 'zod'
import type { Log } from './log'

/** Several changes that come soon after one another become one write. */
const SAVE_DELAY_MS = 500

/** What was in a file when the application started. */
export interface Loaded<Value> {
  /** Undefined where there is no file yet, or none that can be used. */
  readonly value: Value | undefined
  /** Where a file that cannot be used was put, so that nothing in it is lost. */
  readonly setAside?: string
}

export interface JsonFileOptions<Value> {
  readonly path: string
  readonly schema: z.ZodType<Value>
  readonly log: Log
  /** Told of every write that failed. What should have been written goes out with the next one. */
  readonly onSaveFailed: (path: string, error: Error) => void
}

/**
 * A value that is kept in a file. The file is replaced in one step, so that it is whole at any
 * time; what is read from it is checked, and a file that does not pass is kept under another name.
 */
export class JsonFile<Value> {
  private timer: NodeJS.Timeout | undefined
  private pending: (() => Value) | undefined
  private writing: Promise<void> = Promise.resolve()

  constructor(private readonly options: JsonFileOptions<Value>) {}

  get path(): string {
    return this.options.path
  }

  /** Reads the file. Never fails: a file that cannot be read is set aside. */
  async load(): Promise<Loaded<Value>> {
    const { path, schema, log } = this.options
    await mkdir(dirname(path), { recursive: true })
    try {
      const text = await readFile(path, 'utf8')
      return { value: schema.parse(JSON.parse(text)) }
    } catch (error) {
      if (isMissing(error)) return { value: undefined }
      log.error(`Cannot use ${path}`, error)
      const setAside = `${path}.unusable-${Date.now()}`
      await rename(path, setAside)
      return { value: undefined, setAside }
    }
  }

  /** Writes what `value` returns in a moment. */
  schedule(value: () => Value): void {
    this.pending = value
    this.timer ??= setTimeout(() => void this.flush(), SAVE_DELAY_MS)
  }

  /** Resolves when all that was scheduled is in the file, or the failure was told. */
  async flush(): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    this.writing = this.writing.then(() => this.write())
    await this.writing
  }

  private async write(): Promise<void> {
    const value = this.pending
    if (value === undefined) return
    this.pending = undefined
    const { path, log, onSaveFailed } = this.options
    try {
      await writeFileAtomic(path, `${JSON.stringify(value(), null, 1)}\n`)
    } catch (error) {
      this.pending ??= value
      log.error(`Cannot save ${path}`, error)
      onSaveFailed(path, error instanceof Error ? error : new Error(String(error)))
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
