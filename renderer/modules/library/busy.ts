/** What a job does with an image: in words, and whether it moves. */
export interface Busy {
  readonly text: string
  readonly pace: 'moving' | 'paused' | 'waiting'
}
