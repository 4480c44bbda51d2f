import type { AxeResults } from 'axe-core'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Everything that axe has to say against the page as it is now, a line each. */
export async function violations(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(SOURCE)
  await page.waitForFunction(isAtRest)
  const results = await page.evaluate<AxeResults>('axe.run()')
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, any }) => {
      const why = any[0]?.message ?? ''
      return `${id}: ${help}: ${why}: ${html.slice(0, 160)}`
    }),
  )
}

/** Whether nothing is on its way that comes to an end: half a colour has no contrast. */
function isAtRest(): boolean {
  return document
    .getAnimations()
    .every(({ effect }) => effect?.getComputedTiming().endTime === Infinity)
}
