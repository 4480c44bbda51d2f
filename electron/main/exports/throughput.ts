const WINDOW_MS = 4000

interface Sample {
  readonly at: number
  readonly bytesRead: number
  readonly bytesWritten: number
}

/** Bytes a second. */
export interface Speeds {
  readonly readSpeed: number
  readonly writeSpeed: number
}

/** How much goes through an export, over the last seconds. Times in milliseconds. */
export class Throughput {
  private samples: Sample[] = []

  /** `bytesRead` and `bytesWritten` count from the start of the export. */
  add(bytesRead: number, bytesWritten: number, at: number): void {
    this.samples.push({ at, bytesRead, bytesWritten })
    this.forgetBefore(at - WINDOW_MS)
  }

  /** What no sample tells of has not moved: without new ones the speeds sink to 0. */
  speeds(now: number): Speeds {
    this.forgetBefore(now - WINDOW_MS)
    const first = this.samples[0]
    const last = this.samples.at(-1)
    if (first === undefined || last === undefined || last.at <= now - WINDOW_MS) {
      return { readSpeed: 0, writeSpeed: 0 }
    }
    const seconds = (now - Math.max(first.at, now - WINDOW_MS)) / 1000
    if (seconds <= 0) return { readSpeed: 0, writeSpeed: 0 }
    return {
      readSpeed: (last.bytesRead - first.bytesRead) / seconds,
      writeSpeed: (last.bytesWritten - first.bytesWritten) / seconds,
    }
  }

  /** Keeps the newest sample from before, as what moved since is counted from it. */
  private forgetBefore(start: number): void {
    const inside = this.samples.findIndex((sample) => sample.at > start)
    const keepFrom = inside === -1 ? this.samples.length - 1 : inside - 1
    if (keepFrom > 0) this.samples = this.samples.slice(keepFrom)
  }
}
