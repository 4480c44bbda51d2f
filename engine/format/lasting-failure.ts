/**
 * The first failure after which nobody knows what the files of a layer hold. After a failed sync
 * the host may have dropped what it could not write, and call the next sync a success. So the
 * failure stays: every later change and flush fails with it, and opening again reads what is
 * really there.
 */
export class LastingFailure {
  private first: Error | undefined

  /** Throws the failure again, where there was one. */
  throwAgain(): void {
    if (this.first !== undefined) throw this.first
  }

  /**
   * Waits for work whose failure stays; fails at once, the work done or not, where one was before.
   */
  async of(work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (error) {
      this.first ??= error instanceof Error ? error : new Error(String(error))
    }
    // Of two syncs side by side the host tells one alone what was lost.
    this.throwAgain()
  }
}
