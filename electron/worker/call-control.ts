import type { JobControl, JobProgress } from '../../engine'

interface Pause {
  readonly over: Promise<void>
  readonly end: () => void
}

/** Steers one call: cancels it once, pauses it and lets it go on as often as one likes. */
export class CallControl implements JobControl {
  private readonly controller = new AbortController()
  private pause: Pause | undefined

  constructor(readonly report: (progress: JobProgress) => void) {}

  get signal(): AbortSignal {
    return this.controller.signal
  }

  /** Also ends a pause, as a job that waits in one could not stop. */
  cancel(): void {
    this.controller.abort()
    this.setPaused(false)
  }

  /** A job comes to rest at its next step. */
  setPaused(paused: boolean): void {
    if (!paused) {
      this.pause?.end()
      this.pause = undefined
    } else if (!this.signal.aborted) {
      this.pause ??= newPause()
    }
  }

  paused(): Promise<void> | undefined {
    return this.pause?.over
  }
}

function newPause(): Pause {
  let end = (): void => undefined
  const over = new Promise<void>((resolve) => {
    end = resolve
  })
  return { over, end: () => end() }
}
