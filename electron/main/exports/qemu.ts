import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { EngineError, type ErrorData } from '../../../engine'

const PROGRAM = 'qemu-system-x86_64'
/** As much of what QEMU complains about as is kept, in characters. */
const MAX_WORDS = 2000

/** The emulator's path, where it is installed. `path` is a list of folders, as PATH. */
export async function findQemu(path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const folder of path.split(delimiter).filter((part) => part !== '')) {
    const program = join(folder, PROGRAM)
    const runs = await access(program, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (runs) return program
  }
  return undefined
}

/**
 * What a machine on an export is started with. `throwAway`: what it writes goes to a file that QEMU
 * makes for this run and removes with it (its option `snapshot`), so the export is only read.
 */
export function qemuArguments(uri: string, throwAway: boolean): readonly string[] {
  const snapshot = throwAway ? ',snapshot=on' : ''
  // a comma stands between options; within one it is doubled
  const file = uri.replaceAll(',', ',,')
  return [
    ...['-machine', 'accel=kvm:tcg', '-m', '2048'],
    ...['-drive', `file=${file},format=raw,if=virtio${snapshot}`],
  ]
}

/**
 * Starts a machine that nobody waits for: it lives on whatever becomes of this application. `ended`
 * is called once, with the reason where it ended badly. Rejects where it could not be started.
 */
export async function startQemu(
  program: string,
  args: readonly string[],
  ended: (error: ErrorData | undefined) => void,
): Promise<void> {
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  const words = lastWords(child)
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (error) => {
      const message = `Cannot start ${program}: ${error.message}`
      reject(new EngineError('io/failed', message, { path: program }, { state: 'unchanged' }))
    })
  })
  child.once('close', (code, signal) => {
    // whoever ends it by a signal knows why
    const well = code === 0 || signal !== null
    const message = words() || `${program} ended with exit code ${code ?? ''}`
    ended(well ? undefined : { code: 'io/failed', message, details: {} })
  })
  child.unref()
}

function lastWords({ stderr }: ChildProcess): () => string {
  let text = ''
  stderr?.setEncoding('utf8')
  stderr?.on('data', (more: string) => {
    text = (text + more).slice(-MAX_WORDS)
  })
  return () => text.trim()
}
