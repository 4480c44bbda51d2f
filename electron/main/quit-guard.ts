/** Jobs and exports get this long to stop; one that hangs in the host is interrupted instead. */
const STOP_MS = 15_000

/** What would end with the application. */
export interface UnderWay {
  /** Jobs that have not ended. */
  readonly jobs: number
  /** Exports that are on, and clients that are connected to them. */
  readonly exports: number
  readonly clients: number
}

export interface QuitGuardOptions {
  readonly underWay: () => UnderWay
  /** Whether the person wants to leave all the same. */
  readonly ask: (work: UnderWay) => Promise<boolean>
  /** Stops the jobs and closes the exports; resolves when all of them have ended. */
  readonly stop: () => Promise<void>
  /** Brings to disk what is still to be saved. */
  readonly save: () => Promise<void>
  readonly quit: () => void
}

/** Stands between the wish to quit and the end: asks where something is under way, and saves. */
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
    const { underWay, ask, save, quit } = this.options
    const work = underWay()
    if (work.jobs + work.exports > 0 && !(await ask(work))) {
      this.state = 'open'
      return
    }
    await this.stopAll()
    await save()
    this.state = 'closed'
    quit()
  }

  private async stopAll(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS)
    })
    await Promise.race([this.options.stop(), patience])
    clearTimeout(timer)
  }
}
