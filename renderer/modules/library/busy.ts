/** What a job does with an image: in words, and whether it has begun. */
export interface Busy {
  readonly text: string
  readonly running: boolean
}
