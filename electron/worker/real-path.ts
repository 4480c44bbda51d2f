import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * A path with all links followed, so that two names of the same file are equal. Where the file
 * itself is missing its folder's links are followed; where that is missing too, none.
 */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    try {
      return join(await realpath(dirname(path)), basename(path))
    } catch {
      return path
    }
  }
}
