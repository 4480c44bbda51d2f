/*
 * `npm test`: prepares the system, builds, and runs every kind of test, end to end last. Arguments
 * are vitest's: `npm test -- bitmap` runs the files with that word in their path, `--project unit`
 * one kind. The last line is always `N passed, N failed, N skipped`.
 */
import { join } from 'node:path'
import { buildIfNeeded } from './lib/build'
import { ScriptError, main, projectRoot, say } from './lib/project'
import { runTool } from './lib/run'
import {
  type TestSummary,
  closingLine,
  flakyLines,
  forgetSummary,
  readSummary,
  skipLines,
} from './lib/test-summary'
import { install, missingTestPrograms } from './system/packages'

const nothingRan: TestSummary = { passed: 0, failed: 1, skipped: 0, skips: [], flaky: [] }

async function runTests(): Promise<TestSummary> {
  await install(missingTestPrograms())
  await buildIfNeeded()
  forgetSummary()
  const vitest = join(projectRoot, 'node_modules/vitest/vitest.mjs')
  const code = await runTool(vitest, ['run', ...process.argv.slice(2)])
  const summary = readSummary() ?? nothingRan
  for (const line of [...flakyLines(summary), ...skipLines(summary)]) console.log(line)
  if (code !== 0 && summary.failed === 0) {
    say(`vitest ended with exit code ${code}.`)
    return { ...summary, failed: 1 }
  }
  if (summary.passed === 0 && summary.failed === 0) {
    say('No test ran.')
    return { ...summary, failed: 1 }
  }
  return summary
}

await main(async () => {
  let summary = nothingRan
  try {
    summary = await runTests()
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    say(error.message)
  }
  console.log(closingLine(summary))
  return summary.failed === 0 ? 0 : 1
})
