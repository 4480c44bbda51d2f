/*
 * `npm run fuzz -- --seconds 60`: damaged and hostile images, made in memory, through everything
 * that opens an image. `--inputs N` ends after so many; `--seed N` is the first input's number, so
 * `--seed 1234 --inputs 1` tries one that failed again. Ends with 1 where an input failed.
 */
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { main, say, ScriptError } from '../../build/lib/project'

/** An input that takes longer than this hangs. */
const HANG_MS = 60_000
/** What the process may take in memory, whatever the inputs say. */
const MEMORY_LIMIT = 1024 ** 3

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, inputs: { type: 'string' }, seed: { type: 'string' } },
})

const messageShape = z.object({
  number: z.number(),
  memory: z.number(),
  refused: z.string().optional(),
  violations: z.array(z.string()).optional(),
})

interface Figures {
  tried: number
  failed: number
  opened: number
  readonly refusals: Map<string, number>
}

function amount(name: 'seconds' | 'inputs' | 'seed', otherwise: number): number {
  const value = Number(values[name] ?? otherwise)
  if (Number.isFinite(value) && value >= 0) return value
  if (values[name] === undefined) return otherwise
  throw new ScriptError(`--${name} takes a number`)
}

function takeIn(figures: Figures, message: z.infer<typeof messageShape>): void {
  const { number, violations, refused } = message
  if (violations === undefined) return
  figures.tried += 1
  if (refused === undefined) figures.opened += 1
  else figures.refusals.set(refused, (figures.refusals.get(refused) ?? 0) + 1)
  if (violations.length === 0) return
  figures.failed += 1
  say(`input ${String(number)} failed:\n  ${violations.join('\n  ')}`)
}

/** Runs the worker to its end, or to the first input that it does not come back from. */
async function fuzz(figures: Figures): Promise<void> {
  const seconds = amount('seconds', values.inputs === undefined ? 30 : Infinity)
  const until = Date.now() + seconds * 1000
  const first = amount('seed', Date.now())
  const numbers = [first, amount('inputs', Infinity), until].map(String)
  const options = { execArgv: ['--import', 'tsx'] }
  const worker = fork(join(import.meta.dirname, 'worker.ts'), numbers, options)
  let current = first
  let alarm = setTimeout(() => undefined, 0)
  await new Promise<void>((resolve, reject) => {
    const stop = (why: string): void => {
      worker.kill('SIGKILL')
      reject(new ScriptError(`input ${String(current)} ${why}`))
    }
    worker.on('message', (data) => {
      const message = messageShape.parse(data)
      current = message.number
      clearTimeout(alarm)
      alarm = setTimeout(() => stop('hangs'), HANG_MS)
      takeIn(figures, message)
      if (message.memory > MEMORY_LIMIT) stop('takes all memory')
    })
    worker.on('error', reject)
    worker.on('exit', (code) => {
      if (code === 0) resolve()
      else stop(`ends the process with ${String(code)}`)
    })
  }).finally(() => clearTimeout(alarm))
}

await main(async () => {
  const figures: Figures = { tried: 0, failed: 0, opened: 0, refusals: new Map() }
  const start = Date.now()
  await fuzz(figures)
  const perSecond = Math.round((figures.tried * 1000) / (Date.now() - start))
  for (const [code, times] of [...figures.refusals].sort(([, a], [, b]) => b - a)) {
    say(`refused with ${code}: ${String(times)}`)
  }
  const { tried, opened, failed } = figures
  say(
    `fuzz inputs: ${String(tried)} (${String(perSecond)} a second), ` +
      `${String(opened)} opened, ${String(failed)} failed`,
  )
  return failed === 0 && tried > 0 ? 0 : 1
})
