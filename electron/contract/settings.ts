/** What a person can set. Kept in one file by the main process. */
export interface Settings {
  readonly theme: 'system' | 'light' | 'dark' | 'contrast'
  readonly language: 'system' | 'en' | 'de'
  /** How sizes are written: in powers of 1024, in powers of 1000, or to the byte. */
  readonly units: 'binary' | 'decimal' | 'bytes'
  /**
   * Whether flatten and export read everything again afterwards, unless the dialog says otherwise.
   */
  readonly verifyByDefault: boolean
  /** Long jobs that may run at the same time, 1..4; quick ones never wait for them. */
  readonly simultaneousJobs: number
  /** Whether the desktop tells of a job that ended while the person looked elsewhere. */
  readonly notify: boolean
  /** Memory for the bitmap of each overlay that is in use, in MiB, 1..64. */
  readonly cacheMiB: number
}
