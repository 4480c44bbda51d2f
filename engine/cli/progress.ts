import type { JobProgress } from '../model/job'
import type { Surroundings } from './cli'

/** Milliseconds between two drawings: a terminal over a slow line keeps up with it. */
const INTERVAL = 100

/**
 * A job's progress on one line of a terminal, as qemu-img draws it; nothing where standard error is
 * no terminal.
 */
export class ProgressLine {
  private drawn = ''
  private drawnAt = -Infinity

  constructor(
    private readonly stderr: Surroundings['stderr'],
    private readonly wanted: boolean,
  ) {}

  show(progress: JobProgress): void {
    if (!this.wanted || this.stderr.isTTY !== true) return
    const text = progressText(progress)
    const now = performance.now()
    const due = now - this.drawnAt >= INTERVAL || progress.current === progress.total
    if (text === this.drawn || !due) return
    // A shorter text must not leave the end of a longer one.
    this.stderr.write(`\r${text.padEnd(this.drawn.length)}`)
    this.drawn = text
    this.drawnAt = now
  }

  /** Leaves what was drawn, and gives what follows a line of its own. */
  end(): void {
    if (this.drawn !== '') this.stderr.write('\n')
    this.drawn = ''
  }
}

/** `    (12.34/100%) copying`. */
export function progressText({ phase, current, total }: JobProgress): string {
  const percent = total === 0 ? 100 : (current / total) * 100
  // 99.999 is not yet 100
  return `    (${(Math.floor(percent * 100) / 100).toFixed(2)}/100%) ${phase}`
}
