/**
 * Takes a picture of every page, dialog and state of the window, in both themes and two sizes, and
 * of some of them in high contrast, into out/gallery, and lets axe look at each: `node --import tsx
 * test/support/window-page/gallery.ts [part of a name]`.
 */
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build, preview } from 'vite'
import { VIEWS, type View } from './views'

const SIZES = [
  { name: 'small', width: 900, height: 600 },
  { name: 'large', width: 1600, height: 1000 },
] as const
/** A theme, and what the system asks for. */
const LOOKS = [
  { name: 'light', theme: 'light' },
  { name: 'dark', theme: 'dark' },
  { name: 'contrast', theme: 'contrast', contrast: true },
  { name: 'forced', theme: 'system', contrast: true, forcedColors: 'active' },
] as const
const OUT = fileURLToPath(new URL('../../../out/gallery', import.meta.url))
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Every violation that axe finds, in a line each. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const results = await page.evaluate<AxeResults>('axe.run()')
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)}`),
  )
}

async function shoot(browser: Browser, base: string, view: View): Promise<number> {
  let found = 0
  for (const look of LOOKS.filter((one) => view.contrast === true || !('contrast' in one))) {
    for (const size of SIZES) {
      const { theme } = look
      const page = await browser.newPage({
        viewport: size,
        reducedMotion: 'reduce',
        forcedColors: 'forcedColors' in look ? look.forcedColors : 'none',
      })
      page.on('pageerror', (error) => console.log(`${view.name}: ${error.message}`))
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type()))
          console.log(`${view.name}: ${message.text()}`)
      })
      const { scenario = 'rich', lang = 'en' } = view
      await page.goto(`${base}?scenario=${scenario}&theme=${theme}&lang=${lang}`)
      await page.waitForSelector('.window')
      await view.show(page)
      await page.waitForTimeout(400)
      const name = `${view.name}-${look.name}-${size.name}`
      await page.screenshot({ path: `${OUT}/${name}.png` })
      const lines = await violations(page)
      found += lines.length
      for (const line of lines) console.log(`${name}: ${line}`)
      await page.close()
    }
  }
  return found
}

const configFile = fileURLToPath(new URL('vite.config.ts', import.meta.url))
await build({ configFile, logLevel: 'error' })
const server = await preview({ configFile, logLevel: 'error' })
const address = server.resolvedUrls?.local[0] ?? ''
const base = `${address}test/support/window-page/index.html`
const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
})
await mkdir(OUT, { recursive: true })
const wanted = VIEWS.filter(({ name }) => name.includes(process.argv[2] ?? ''))
let total = 0
for (const view of wanted) {
  try {
    total += await shoot(browser, base, view)
  } catch (error) {
    total += 1
    console.log(`${view.name}: ${String(error)}`)
  }
}
await browser.close()
await server.close()
console.log(`${wanted.length} views, ${total} problems`)
process.exitCode = total === 0 ? 0 : 1
