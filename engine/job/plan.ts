import * as path from 'node:path'
import { EngineError, type ErrorData } from '../base/errors'
import { formatSize } from '../base/units'
import type { Layer } from '../format/layer'
import { Overlay } from '../format/overlay/overlay-layer'
import type { Host } from '../host/host'
import type { Disk } from '../image/disk'
import type { JobPlan, PlannedFile } from '../model/job'

/** A word for a POSIX shell: as it is where that is safe, else in single quotes. */
export function shellWord(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word
  return `'${word.replaceAll("'", `'\\''`)}'`
}

/** A command line of add-cow-img. */
export function commandLine(...words: readonly string[]): string {
  return ['add-cow-img', ...words].map(shellWord).join(' ')
}

/** A value inside of `-o key=value,key=value`: commas are doubled. */
export function optionValue(value: string): string {
  return value.replaceAll(',', ',,')
}

/** The free space for a file, and the problem where it is not enough. Bytes. */
export async function checkSpace(
  host: Host,
  filePath: string,
  needed: number,
): Promise<Pick<JobPlan, 'spaceFree' | 'spaceOn'> & { problems: ErrorData[] }> {
  const directory = path.dirname(filePath)
  const free = await host.freeSpace(directory)
  if (free === undefined) return { problems: [] }
  const spaceOn = (await host.stat(directory))?.fileSystem
  const space = { spaceFree: free, ...(spaceOn !== undefined && { spaceOn }) }
  if (free >= needed) return { ...space, problems: [] }
  const message =
    `${formatSize(needed)} are needed in ${directory}, ` + `and ${formatSize(free)} are free there`
  const problem = new EngineError('io/no-space', message, { path: directory, needed, free })
  return { ...space, problems: [problem.toData()] }
}

/** Refuses to start where the space is known to be too little. */
export async function requireSpace(host: Host, filePath: string, needed: number): Promise<void> {
  const { problems } = await checkSpace(host, filePath, needed)
  const [problem] = problems
  if (problem !== undefined) throw EngineError.fromData({ ...problem, state: 'unchanged' })
}

/**
 * The files of a chain, for a plan: those of the first `layersTouched` layers are read or written,
 * those below are read.
 */
export function filesOf(
  { layers }: { readonly layers: readonly Layer[] },
  action: 'read' | 'write',
  layersTouched = 1,
): PlannedFile[] {
  return layers.flatMap((layer, depth) =>
    layer.files.map(({ role, file }) => ({
      path: file.path,
      role: depth > 0 ? 'backing' : role === 'metadata' ? 'add-cow' : 'image',
      action: depth < layersTouched ? action : 'read',
    })),
  )
}

/** The top of a disk as an overlay; `invalid-argument` for anything else. */
export function overlayOf(disk: Disk): Overlay {
  const { top } = disk
  if (top instanceof Overlay) return top
  const what = top.format === 'raw' ? 'a raw file' : `a ${top.format} image`
  const message = `${top.path} is ${what}, not an add-cow overlay`
  throw new EngineError('invalid-argument', message, { path: top.path }, { state: 'unchanged' })
}
