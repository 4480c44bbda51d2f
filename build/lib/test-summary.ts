import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { outFolder } from './project'

const schema = z.object({
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  skips: z.array(z.object({ test: z.string(), reason: z.string() })),
  flaky: z.array(z.string()),
})

/**
 * What a test run leaves in out/test-summary.json: how many tests, why some did not run, and which
 * passed only when they were run again.
 */
export type TestSummary = z.infer<typeof schema>

/** The reason of a test that the person left out, by a filter for its name. */
export const notSelected = 'it was not selected'

export const summaryPath = join(outFolder, 'test-summary.json')

/** So that a run that ends early is not taken for the one before it. */
export function forgetSummary(): void {
  rmSync(summaryPath, { force: true })
}

/** The figures of the run just ended; undefined where it did not get as far as having any. */
export function readSummary(): TestSummary | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(summaryPath, 'utf8')))
  } catch {
    return undefined
  }
}

/** Each reason once, with the tests that it kept from running. */
export function skipLines(summary: TestSummary): readonly string[] {
  const byReason = new Map<string, string[]>()
  for (const { test, reason } of summary.skips) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), test])
  }
  return [...byReason].flatMap(([reason, tests]) => [
    `Skipped, because ${reason}:`,
    ...(reason === notSelected ? [`  ${tests.length} tests`] : tests.map((test) => `  ${test}`)),
  ])
}

/** The tests that need a look although they passed. */
export function flakyLines({ flaky }: TestSummary): readonly string[] {
  return flaky.length > 0
    ? ['Passed only when run again:', ...flaky.map((test) => `  ${test}`)]
    : []
}

/** The last line of a run; programs read it. */
export function closingLine({ passed, failed, skipped }: TestSummary): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
