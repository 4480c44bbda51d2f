import type { Page } from 'playwright-core'
import type { View } from './views'

const PAIR = `imageId: 'deep', otherId: 'debian', path: '/srv/overlays/experiment.add-cow',
  target: '/srv/images/debian-12-server.raw'`

/** Shows what a comparison found; `script` makes `compare`. */
async function showResult(page: Page, script: string): Promise<void> {
  await page.evaluate(`{
    const bridge = window.fakeBridge
    const MIB = 2 ** 20
    const GIB = 2 ** 30
    ${script}
    const now = Date.now()
    bridge.jobs.set('compared', { id: 'compared', kind: 'compare', status: 'done', ${PAIR},
      createdAt: now + 1000, startedAt: now, endedAt: now + 1000,
      result: { kind: 'compare', path: '', compare } })
    bridge.moveJob('compared', {})
  }`)
  await page.getByRole('row', { name: 'experiment' }).first().click()
  await page.waitForTimeout(200)
  await page.getByRole('tab', { name: /History|Verlauf/ }).click()
  await page
    .getByRole('button', { name: /Show what differs|Unterschiede zeigen/ })
    .first()
    .click()
  await page.waitForTimeout(300)
}

const SAME = `const compare = { identical: true, sizes: [20 * GIB, 20 * GIB], ranges: [],
  differingBytes: 0, more: false }`

/** So many ranges all over the disk, the first part of it more than the rest. */
const ranges = (count: number, listed = count, sizes = '[20 * GIB, 20 * GIB]'): string => `
  const ranges = []
  let seed = 7
  const chance = () => (seed = (seed * 48271) % 2147483647) / 2147483647
  const size = Math.max(...${sizes})
  let at = 4096
  for (let n = 0; n < ${listed}; n += 1) {
    const length = 512 * (1 + Math.floor(chance() ** 6 * size / ${count} / 900))
    ranges.push({ offset: at, length })
    at += length + 512 * (1 + Math.floor(chance() ** 3 * size / ${count} / 140))
  }
  const compare = { identical: false, sizes: ${sizes}, firstDifference: 4099, ranges,
    differingBytes: Math.round(ranges.reduce((sum, one) => sum + one.length, 0)
      * ${count / listed}), more: ${String(count > listed)} }`

async function way(page: Page, name: string): Promise<void> {
  await page.getByRole('dialog').getByRole('tab', { name }).click()
  await page.waitForTimeout(300)
}

export const COMPARE_VIEWS: readonly View[] = [
  {
    name: 'compare-choose',
    show: async (page) => {
      await page.getByRole('row', { name: 'experiment' }).first().click({ button: 'right' })
      await page.getByRole('menuitem', { name: 'Compare with…' }).click()
      await page.waitForTimeout(300)
    },
  },
  {
    name: 'compare-two',
    show: async (page) => {
      await page.getByRole('row', { name: 'experiment' }).first().click()
      await page
        .getByRole('row', { name: 'debian-12-server.raw' })
        .first()
        .click({ modifiers: ['ControlOrMeta'] })
      await page.getByRole('button', { name: 'Compare both…' }).click()
      await page.waitForTimeout(300)
    },
  },
  { name: 'compare-same', show: (page) => showResult(page, SAME) },
  { name: 'compare-few', show: (page) => showResult(page, ranges(9)) },
  { name: 'compare-few-de', lang: 'de', show: (page) => showResult(page, ranges(9)) },
  { name: 'compare-100000', show: (page) => showResult(page, ranges(100_000, 65_536)) },
  {
    name: 'compare-sizes',
    show: (page) => showResult(page, ranges(40, 40, '[14 * GIB, 20 * GIB]')),
  },
  {
    name: 'compare-ranges',
    show: async (page) => {
      await showResult(page, ranges(100_000, 65_536))
      await way(page, 'Ranges')
      await page.getByRole('grid', { name: 'Ranges' }).focus()
      for (let step = 0; step < 3; step += 1) await page.keyboard.press('PageDown')
    },
  },
  {
    name: 'compare-bytes',
    show: async (page) => {
      await showResult(page, ranges(9))
      await way(page, 'Bytes')
    },
  },
]
