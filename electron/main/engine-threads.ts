import type { EngineError, JobProgress, JobRequest, JobResult } from '../../engine'
import type { CallName, Calls, HostSettings } from '../worker/calls'
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
    /** For one thread: what it is to work with, asked for at each call. */
    private readonly hostSettings: () => () => HostSettings,
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
    let call: Call<'run'> | undefined
    const work = async (): Promise<JobResult> => {
      const client = this.start(() => undefined)
      call = client.call('run', request, report)
      return await call.done.finally(() => client.close())
    }
    const done = work()
    return {
      done,
      cancel: () => call?.cancel(),
      setPaused: (paused) => call?.setPaused(paused),
    }
  }

  /** Ends the shared thread. */
  async close(): Promise<void> {
    await this.shared?.close()
  }

  private start(forget: () => void): WorkerClient {
    const onCrash = (error: EngineError): void => {
      this.log.error(error.message)
      forget()
    }
    return new WorkerClient(this.spawn(), onCrash, this.hostSettings())
  }
}
