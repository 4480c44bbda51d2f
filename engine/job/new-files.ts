import * as path from 'node:path'
import { EngineError } from '../base/errors'
import type { Host, HostFile } from '../host/host'

/**
 * The files that a job makes. They are removed again where the job fails, as if it had never begun.
 */
export class NewFiles {
  /** In the order in which they were made. */
  private paths: string[] = []

  constructor(private readonly host: Host) {}

  /** Makes a file; `file/exists` where there is one. */
  async make(filePath: string): Promise<HostFile> {
    const file = await this.host.open(filePath, { access: 'write', create: true })
    this.paths.push(filePath)
    return file
  }

  /** Takes in a file that another job has just made for this one. */
  adopt(filePath: string): void {
    this.paths.push(filePath)
  }

  /**
   * Gives a file that was made its final name, durably. The file's content must be durable already.
   */
  async publish(filePath: string, finalPath: string): Promise<void> {
    await this.host.publish(filePath, finalPath)
    this.paths = [...this.paths.filter((made) => made !== filePath), finalPath]
    await this.host.syncDirectory(path.dirname(finalPath))
  }

  /** What is at the path is no longer of those to be removed. */
  keep(filePath: string): void {
    this.paths = this.paths.filter((made) => made !== filePath)
  }

  /**
   * Removes what was made. What cannot be removed stays: the failure that led here is the one to
   * tell.
   */
  async remove(): Promise<void> {
    for (const filePath of this.paths.reverse()) {
      await this.host.remove(filePath).catch(() => undefined)
    }
  }
}

/** The name under which a new file grows, until it is complete. */
export function partOf(target: string): string {
  return `${target}.part`
}

/**
 * `file/exists` where a file lies in the way of a new one, or of its part. A part is never written
 * over: it may be another program's, or of a run that is still under way.
 */
export async function refuseExisting(host: Host, target: string): Promise<void> {
  const part = partOf(target)
  for (const name of [target, part]) {
    if ((await host.stat(name)) === undefined) continue
    const why =
      name === part
        ? '. Another run is writing it, or one was killed: if none is, remove that file'
        : ''
    const message = `Cannot write ${target}: ${name} exists already${why}`
    throw new EngineError('file/exists', message, { path: name }, { state: 'unchanged' })
  }
}
