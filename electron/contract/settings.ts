/** What a person can set. Kept in one file by the main process. */
export interface Settings {
  readonly theme: 'system' | 'light' | 'dark'
  readonly language: 'system' | 'en' | 'de'
  /**
   * Whether flatten and export read everything again afterwards, unless the dialog says otherwise.
   */
  readonly verifyByDefault: boolean
  /** Long jobs that may run at the same time, 1..4; quick ones never wait for them. */
  readonly simultaneousJobs: number
  /** Memory for the bitmap of each overlay that is in use, in MiB, 1..64. */
  readonly cacheMiB: number
}
