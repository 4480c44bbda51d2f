import type { MaybePromise } from './maybe-promise'

const CALLS_PER_TURN = 4096

let calls = 0

/**
 * To be awaited in each step of a long loop whose work may all be done at once: lets signals,
 * messages and timers in every few thousand steps, which awaiting finished work never does.
 */
export function giveTurn(): MaybePromise<void> {
  calls = (calls + 1) % CALLS_PER_TURN
  if (calls !== 0) return undefined
  return new Promise((resolve) => setImmediate(resolve))
}
