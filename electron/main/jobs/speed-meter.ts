import type { JobProgress } from '../../../engine'

const WINDOW_MS = 5000
/** Less tells nothing about speed. */
const MIN_SPAN_MS = 500

/** Speed in bytes a second, time left in milliseconds; absent where it cannot be told. */
export interface Pace {
  readonly speed?: number
  readonly timeLeft?: number
}

interface Sample {
  readonly at: number
  readonly current: number
}

/** How fast a job is, over the last seconds of its present phase. Times in milliseconds. */
export class SpeedMeter {
  private phase: JobProgress['phase'] | undefined
  private total = 0
  private samples: Sample[] = []

  add({ phase, current, total }: JobProgress, now: number): void {
    if (phase !== this.phase) this.samples = []
    this.phase = phase
    this.total = total
    this.samples.push({ at: now, current })
    this.forgetBefore(now - WINDOW_MS)
  }

  pace(now: number): Pace {
    this.forgetBefore(now - WINDOW_MS)
    const first = this.samples[0]
    const last = this.samples.at(-1)
    if (first === undefined || last === undefined) return {}
    const moved = last.current - first.current
    const span = now - first.at
    if (span < MIN_SPAN_MS || moved <= 0) return {}
    const speed = (moved / span) * 1000
    return { speed, timeLeft: ((this.total - last.current) / speed) * 1000 }
  }

  /** Keeps the newest sample from before, as the speed since then is counted from it. */
  private forgetBefore(start: number): void {
    const inside = this.samples.findIndex((sample) => sample.at > start)
    const keepFrom = inside === -1 ? this.samples.length - 1 : inside - 1
    if (keepFrom > 0) this.samples = this.samples.slice(keepFrom)
  }
}
