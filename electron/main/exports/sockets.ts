import { chmod, mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes that the folder may have, so that a name beside it still makes a socket's path. */
const MAX_FOLDER = 60
const MAX_NAME = 32

/**
 * The folder of the sockets, which only the present user can enter. It is made when it is first
 * needed: among the files of the session where the system has a place for these, else among those
 * that are temporary.
 */
export class SocketFolder {
  private made: Promise<string> | undefined
  private lastNumber = 0

  /** A path for a new socket, by which the image can be told. Errors: those of the file system. */
  async newPath(imageName: string): Promise<string> {
    this.made ??= makeFolder()
    const folder = await this.made
    this.lastNumber += 1
    const stem = imageName.replaceAll(/[^\w.-]/g, '_').slice(0, MAX_NAME)
    return join(folder, `${stem}-${this.lastNumber}.sock`)
  }

  /** Takes the folder away. What is still in there keeps it. */
  async remove(): Promise<void> {
    const folder = await this.made?.catch(() => undefined)
    if (folder !== undefined) await rmdir(folder).catch(() => undefined)
  }
}

async function makeFolder(): Promise<string> {
  const session = process.env['XDG_RUNTIME_DIR']
  const fits = session !== undefined && session !== '' && Buffer.byteLength(session) <= MAX_FOLDER
  if (fits) {
    const folder = await mkdtemp(join(session, 'add-cow-')).catch(() => undefined)
    if (folder !== undefined) return await locked(folder)
  }
  return await locked(await mkdtemp(join(tmpdir(), 'add-cow-')))
}

/** mkdtemp leaves it to the umask, which may take even the owner's rights. */
async function locked(folder: string): Promise<string> {
  await chmod(folder, 0o700)
  return folder
}
