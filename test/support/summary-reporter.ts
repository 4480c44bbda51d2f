import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Reporter, SerializedError, TestCase, TestModule } from 'vitest/node'
import { type TestSummary, notSelected, summaryPath } from '../../build/lib/test-summary'

/** Leaves the figures of a run, and why tests were skipped, for the script that started it. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: 'passed' | 'failed' | 'skipped'): number =>
      tests.filter((test) => test.result().state === state).length
    // A file that cannot be loaded, a hook or any code outside of a test has no test to count.
    const broken = modules
      .flatMap((module) => [module, ...module.children.allSuites()])
      .filter((group) => group.errors().length > 0).length
    const summary: TestSummary = {
      passed: count('passed'),
      failed: count('failed') + broken + errors.length,
      skipped: count('skipped'),
      skips: tests.filter((test) => test.result().state === 'skipped').map(describeSkip),
      flaky: tests.filter((test) => test.diagnostic()?.flaky === true).map(nameOf),
    }
    mkdirSync(dirname(summaryPath), { recursive: true })
    writeFileSync(summaryPath, JSON.stringify(summary, null, 2))
  }
}

function describeSkip(test: TestCase): TestSummary['skips'][number] {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  const parent = test.parent.errors().length > 0 ? 'a hook of its suite failed' : notSelected
  return {
    test: nameOf(test),
    reason: test.meta().skipReason ?? note ?? parent,
  }
}

function nameOf(test: TestCase): string {
  return `${test.project.name}: ${test.fullName}`
}
