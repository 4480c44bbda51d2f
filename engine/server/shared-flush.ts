/**
 * Lets many callers share the flushes of one disk. A flush makes durable what was done before it
 * began; so whoever comes while one runs waits for the next one, together with all others that
 * come until then.
 */
export class SharedFlush {
  private running: Promise<void> | undefined
  private next: Promise<void> | undefined

  constructor(private readonly flush: () => Promise<void>) {}

  /** Resolves when all that was done before the call is durable. */
  run(): Promise<void> {
    if (this.running === undefined) return this.start()
    this.next ??= this.startAfter(this.running)
    return this.next
  }

  private async startAfter(before: Promise<void>): Promise<void> {
    // how that one ended is told to those who waited for it
    await before.catch(() => undefined)
    this.next = undefined
    await this.start()
  }

  private start(): Promise<void> {
    const run = this.flush().finally(() => {
      if (this.running === run) this.running = undefined
    })
    this.running = run
    return run
  }
}
