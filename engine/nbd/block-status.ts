import { isEngineError } from '../base/errors'
import type { MaybePromise } from '../base/maybe-promise'
import { alignDown, GIB } from '../base/units'
import type { DataRun } from '../host/host'
import type { Client } from './client'
import { StatusRequest } from './exchange'
import { RunList } from './run-list'

/** What is asked for at once: an answer with few runs costs the same for any length. */
const STEP = GIB
/** Answers that are kept, the one that was used last in front. */
const MAX_KEPT = 4

/** Where an export has data: asked for in large pieces, of which the last few are kept. */
export class BlockStatus {
  private readonly kept: RunList[] = []
  private readonly asked = new Map<number, Promise<RunList>>()

  constructor(private readonly client: Client) {}

  /** The rest of the run at an offset within the export. Errors: those of Client.ask. */
  at(offset: number): MaybePromise<DataRun> {
    const { size, allocationContext } = this.client.agreed
    if (allocationContext === undefined) return { data: true, end: size }
    for (const [index, runs] of this.kept.entries()) {
      const run = runs.at(offset)
      if (run === undefined) continue
      this.kept.splice(index, 1)
      this.kept.unshift(runs)
      return run
    }
    return this.fetch(offset)
  }

  private async fetch(offset: number): Promise<DataRun> {
    const start = alignDown(offset, this.client.agreed.minimumBlock)
    const pending = this.asked.get(start) ?? this.ask(start)
    this.asked.set(start, pending)
    const runs = await pending
    return runs.at(offset) ?? { data: true, end: offset + 1 }
  }

  private async ask(start: number): Promise<RunList> {
    try {
      const runs = await this.askServer(start)
      this.kept.unshift(runs)
      this.kept.splice(MAX_KEPT)
      return runs
    } finally {
      this.asked.delete(start)
    }
  }

  private async askServer(start: number): Promise<RunList> {
    const end = Math.min(start + STEP, this.client.agreed.size)
    const request = new StatusRequest(start, end - start)
    try {
      await this.client.ask(request)
      return request.runs
    } catch (error) {
      if (!isEngineError(error, 'io/failed', 'io/denied')) throw error
      // What the server cannot tell is read, which tells more.
      const runs = new RunList(start)
      runs.add(end - start, true)
      return runs
    }
  }
}
