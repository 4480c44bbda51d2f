/*
 * Tries one input after another, each made from its number alone, and tells how each ended. In a
 * process of its own, so that the one that started it can end it whatever it is caught in.
 */
import { Random } from '../support/random'
import { goldenInputs } from './golden-inputs'
import { copyOf, type FuzzInput, soundInput } from './input'
import { mutate } from './mutate'
import { qcow2Input } from './qcow2-input'
import { tryInput } from './try-input'

const [first = 0, count = 0, until = 0] = process.argv.slice(2).map(Number)

const golden = goldenInputs()

/** The input of a number: sound at times, mostly with a few changes. */
function inputOf(number: number): FuzzInput {
  const random = new Random(number)
  if (random.chance(0.35)) return qcow2Input(random, random.chance(0.1))
  const input = random.chance(0.2) ? copyOf(random.pick(golden)) : soundInput(random)
  if (!random.chance(0.05)) mutate(input, random)
  return input
}

function tell(message: object): void {
  process.send?.({ ...message, memory: process.memoryUsage.rss() })
}

for (let number = first; number < first + count && Date.now() < until; number += 1) {
  tell({ number })
  tell({ number, ...(await tryInput(inputOf(number))) })
  // Awaiting finished work never lets messages out.
  await new Promise((resolve) => setImmediate(resolve))
}
process.disconnect()
