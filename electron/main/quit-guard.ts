/** Jobs get this long to stop; one that hangs in the host is interrupted instead. */
const STOP_MS = 15_000

export interface QuitGuardOptions {
  /** How many jobs have not ended. */
  readonly activeJobs: () => number
  /** Whether the person wants to leave all the same. */
  readonly ask: (jobs: number) => Promise<boolean>
  readonly cancelJobs: () => void
  /** Resolves when no job is active. */
  readonly jobsEnded: () => Promise<void>
  /** Brings to disk what is still to be saved. */
  readonly save: () => Promise<void>
  readonly quit: () => void
}

/** Stands between the wish to quit and the end: asks where jobs run, and saves. */
export class QuitGuard {
  private state: 'open' | 'asking' | 'closed' = 'open'

  constructor(private readonly options: QuitGuardOptions) {}

  /** Whether nothing is in the way of the end any more. */
  get passed(): boolean {
    return this.state === 'closed'
  }

  /** To be called for each wish to quit; holds it back until it may pass. */
  async hold(event: { preventDefault(): void }): Promise<void> {
    if (this.state === 'closed') return
    event.preventDefault()
    if (this.state === 'asking') return
    this.state = 'asking'
    const { activeJobs, ask, save, quit } = this.options
    const jobs = activeJobs()
    if (jobs > 0 && !(await ask(jobs))) {
      this.state = 'open'
      return
    }
    await this.stopJobs()
    await save()
    this.state = 'closed'
    quit()
  }

  private async stopJobs(): Promise<void> {
    this.options.cancelJobs()
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS)
    })
    await Promise.race([this.options.jobsEnded(), patience])
    clearTimeout(timer)
  }
}
