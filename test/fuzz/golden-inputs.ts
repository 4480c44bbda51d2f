import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { smallSet, unpack } from '../conformance/golden-set'
import { sparseBytes } from '../support/host-log'
import { type FuzzInput, putFile } from './input'

/** The images that the original drivers wrote, as inputs. */
export function goldenInputs(): FuzzInput[] {
  const set = unpack(smallSet)
  try {
    return set.cases.map(({ folder, overlay }) => {
      const input: FuzzInput = { top: join('/d', overlay), names: new Map(), files: new Map() }
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        const path = join(folder, name)
        if (!statSync(path).isFile() || dirname(name).includes('..')) continue
        putFile(input, join('/d', name), sparseBytes(readFileSync(path)))
      }
      return input
    })
  } finally {
    set.remove()
  }
}
