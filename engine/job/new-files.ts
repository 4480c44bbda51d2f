import { randomUUID } from 'node:crypto'
import * as path from 'node:path'
import { assert } from '../base/assert'
import type { Host, HostFile } from '../host/host'
import { claimPart, partOf } from './part-file'

/**
 * The files that a job makes. They are removed again where the job fails, as if it had never begun.
 */
export class NewFiles {
  /** In the order in which they were made. */
  private paths: string[] = []
  /** Those that grow under another name, by the name that they get. */
  private readonly parts = new Map<string, HostFile>()
  private readonly run = randomUUID()

  constructor(private readonly host: Host) {}

  /** Makes a file, prepared as the host's `open` does; `file/exists` where there is one. */
  async make(filePath: string, prepare?: (file: HostFile) => void): Promise<HostFile> {
    const options = { access: 'write', create: true, ...(prepare && { prepare }) } as const
    const file = await this.host.open(filePath, options)
    this.paths.push(filePath)
    return file
  }

  /**
   * Makes the file under which `target` grows, where nothing is: see removeLeft. It stays open
   * until `publishParts` or `remove`. `file/exists` where the name is taken.
   */
  async makePart(target: string): Promise<HostFile> {
    const part = await this.make(partOf(target), (file) => claimPart(file, this.run))
    this.parts.set(target, part)
    return part
  }

  /**
   * Gives all parts their names, in the order in which they were made, as `publish` does, and
   * closes them. They are known as ours until the last one has its name.
   */
  async publishParts(): Promise<void> {
    const targets = [...this.parts.keys()]
    const last = targets.at(-1)
    assert(last !== undefined, 'a part that was made')
    if (targets.length > 1) await this.host.syncDirectory(path.dirname(last))
    for (const target of targets) await this.publish(partOf(target), target)
    for (const [target, part] of this.parts) {
      part.mark?.clear()
      this.parts.delete(target)
      await part.close()
    }
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
    // Last: what is closed is free for others to take away.
    await this.leave()
  }

  /** Leaves what was made where it is. */
  async leave(): Promise<void> {
    for (const part of this.parts.values()) await part.close().catch(() => undefined)
  }
}
