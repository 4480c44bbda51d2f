import { readdir, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { type ErrorData, toErrorData } from '../../engine'
import type { FoundFiles } from './calls'
import { fileError } from './file-error'
import { realPath } from './real-path'

/** What disk images are called. What a person points at is taken whatever its name is. */
const OWN = ['.add-cow', '.acow', '.qcow2', '.raw', '.img']
const FOREIGN = ['.vmdk', '.vdi', '.vhdx', '.vhd', '.qed', '.hdd', '.dmg']
const EXTENSIONS: ReadonlySet<string> = new Set([...OWN, ...FOREIGN])

/** Each path with its links followed; a folder replaced by the images in it, not in those below. */
export async function findFiles(paths: readonly string[]): Promise<FoundFiles> {
  const files = new Map<string, { path: string; inFolder: boolean }>()
  const refused: { path: string; error: ErrorData }[] = []
  for (const path of paths) {
    try {
      const isFolder = (await stat(path)).isDirectory()
      const found = isFolder ? await imagesIn(path) : [path]
      for (const name of found) {
        const real = await realPath(name)
        const known = files.get(real)
        files.set(real, { path: real, inFolder: isFolder && (known?.inFolder ?? true) })
      }
    } catch (error) {
      refused.push({ path, error: toErrorData(fileError('Cannot look at', path, error)) })
    }
  }
  return { files: [...files.values()], refused }
}

async function imagesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory() && EXTENSIONS.has(extname(entry.name).toLowerCase()))
    .map((entry) => join(folder, entry.name))
    .sort()
}
