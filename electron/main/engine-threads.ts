import type { JobProgress, JobRequest, JobResult } from '../../engine'
import type { CallName, Calls } from '../worker/calls'
import type { Log } from './log'
import { type Call, WorkerClient, type WorkerPort } from './worker-client'

/**
 * The worker threads in which all work of the engine is done: one that lives on for short calls,
 * and one for each job. A thread that crashes fails the calls in it; the next call gets a new one.
 */
export class EngineThreads {
  private shared: WorkerClient | undefined

  constructor(
    private readonly spawn: () => WorkerPort,
    private readonly log: Log,
  ) {}

  async call<Name extends Exclude<CallName, 'run'>>(
    name: Name,
    request: Calls[Name]['request'],
  ): Promise<Calls[Name]['result']> {
    return await this.begin(name, request).done
  }

  /** A short call that can be cancelled, and that tells how far it is. */
  begin<Name extends Exclude<CallName, 'run'>>(
    name: Name,
    request: Calls[Name]['request'],
    report?: (progress: JobProgress) => void,
  ): Call<Name> {
    this.shared ??= this.start(() => {
      this.shared = undefined
    })
    return this.shared.call(name, request, report)
  }

  /** Runs a job in a thread of its own, which ends with it. */
  run(request: JobRequest, report: (progress: JobProgress) => void): Call<'run'> {
    let cancel = (): void => undefined
    const work = async (): Promise<JobResult> => {
      const client = this.start(() => undefined)
      const call = client.call('run', request, report)
      cancel = call.cancel
      return await call.done.finally(() => client.close())
    }
    return { done: work(), cancel: () => cancel() }
  }

  /** Ends the shared thread. */
  async close(): Promise<void> {
    await this.shared?.close()
  }

  private start(forget: () => void): WorkerClient {
    return new WorkerClient(this.spawn(), (error) => {
      this.log.error(error.message)
      forget()
    })
  }
}
