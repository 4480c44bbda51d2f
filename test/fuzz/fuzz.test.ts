import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)

it('refuses every damaged image by a typed error, or opens it', async () => {
  const script = join(import.meta.dirname, 'index.ts')
  const args = ['--import', 'tsx', script, '--inputs', '2000', '--seed', '1']
  const { stdout } = await run(process.execPath, args).catch((error: unknown) => {
    const told = error instanceof Error && 'stdout' in error ? String(error.stdout) : ''
    throw new Error(`the fuzzer failed:\n${told}`, { cause: error })
  })
  const [figures = ''] = /fuzz inputs:.*/.exec(stdout) ?? []
  process.stdout.write(`${figures}\n`)
  expect(figures).toMatch(/^fuzz inputs: 2000 /)
})
