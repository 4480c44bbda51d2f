import { appendFile, mkdir, readFile } from 'node:fs/promises'
import * as path from 'node:path'

/** More than a person says yes to; a file that is longer is somebody else's. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/**
 * The names in images that a person said yes to, on any earlier command line of this user: one name
 * a line, as JSON. A name is agreed to by being typed, for a backing file or with --allow.
 */
export class AgreedNames {
  private constructor(
    private readonly filePath: string,
    private readonly agreed: Set<string>,
  ) {}

  /** Where the file cannot be read, nothing is agreed to. */
  static async load(filePath: string): Promise<AgreedNames> {
    try {
      const text = await readFile(filePath, 'utf8')
      const lines = text.length > MAX_FILE_BYTES ? [] : text.split('\n')
      return new AgreedNames(filePath, new Set(lines.flatMap(nameOnLine)))
    } catch {
      return new AgreedNames(filePath, new Set())
    }
  }

  get names(): ReadonlySet<string> {
    return this.agreed
  }

  /**
   * Agrees to a name, for now and for later. Where it cannot be kept for later, what is being done
   * is no less done: then it is asked for again.
   */
  async add(name: string): Promise<void> {
    if (this.agreed.has(name)) return
    this.agreed.add(name)
    try {
      await mkdir(path.dirname(this.filePath), { recursive: true, mode: 0o700 })
      await appendFile(this.filePath, `${JSON.stringify(name)}\n`, { mode: 0o600 })
    } catch {
      // told above
    }
  }
}

function nameOnLine(line: string): readonly string[] {
  try {
    const name: unknown = JSON.parse(line)
    return typeof name === 'string' ? [name] : []
  } catch {
    return []
  }
}

/** After the XDG base directory specification: state that is kept between two runs. */
export function agreedNamesPath(environment: NodeJS.ProcessEnv, home: string): string {
  const state = environment['XDG_STATE_HOME']
  const folder =
    state !== undefined && path.isAbsolute(state) ? state : path.join(home, '.local', 'state')
  return path.join(folder, 'add-cow', 'agreed-names')
}
