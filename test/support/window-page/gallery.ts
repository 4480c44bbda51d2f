/**
 * `npm run gallery -- [--german] [parts of names]`: a picture of every page, dialog and state of
 * the window, in both themes and two sizes, and of some of them in high contrast, into
 * out/test-artefacts/gallery, beside those that the end-to-end tests take of the real window. Axe
 * looks at each. With `--german` all of them are in that language, whose words are longer.
 */
import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { AxeResults } from 'axe-core'
import { chromium, type Browser, type Page } from 'playwright-core'
import { build, preview } from 'vite'
import { outFolder } from '../../../build/lib/project'
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
const OUT = join(outFolder, 'test-artefacts/gallery')
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Every violation that axe finds, in a line each. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE)
  const results = await page.evaluate<AxeResults>('axe.run()')
  return results.violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}: ${node.html.slice(0, 160)}`),
  )
}

interface Shot {
  readonly view: View
  readonly look: (typeof LOOKS)[number]
  readonly size: (typeof SIZES)[number]
}

function nameOf({ view, look, size }: Shot): string {
  return [view.name, look.name, size.name, ...(options.german ? ['german'] : [])].join('-')
}

/** The views are found by their English words; only then the language is another one. */
async function speakGerman(page: Page): Promise<void> {
  await page.evaluate(`{
    const { fakeBridge: bridge } = window
    bridge.settings = { ...bridge.settings, language: 'de' }
    bridge.emit('settings.changed', bridge.settings)
  }`)
}

function shotsOf(view: View): Shot[] {
  const looks = LOOKS.filter((look) => view.contrast === true || !('contrast' in look))
  return looks.flatMap((look) => SIZES.map((size) => ({ view, look, size })))
}

/** Takes one picture; resolves with what is wrong with it. */
async function shoot(browser: Browser, base: string, shot: Shot): Promise<string[]> {
  const { view, look, size } = shot
  const problems: string[] = []
  const page = await browser.newPage({
    viewport: size,
    colorScheme: look.name === 'light' ? 'light' : 'dark',
    reducedMotion: 'reduce',
    forcedColors: 'forcedColors' in look ? look.forcedColors : 'none',
  })
  // the machine may have more to do than to draw windows
  page.setDefaultTimeout(60_000)
  page.on('pageerror', (error) => problems.push(error.message))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text())
  })
  const { scenario = 'rich', lang = 'en' } = view
  try {
    await page.goto(`${base}?scenario=${scenario}&theme=${look.theme}&lang=${lang}`)
    await page.waitForSelector('.window')
    await view.show(page)
    if (options.german) await speakGerman(page)
  } catch (error) {
    problems.push(String(error))
  }
  await page.waitForTimeout(400)
  await page.screenshot({ path: join(OUT, `${nameOf(shot)}.png`) })
  problems.push(...(await violations(page)))
  await page.close()
  return problems
}

const { values: options, positionals: parts } = parseArgs({
  options: { german: { type: 'boolean', default: false } },
  allowPositionals: true,
})
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

const wanted = VIEWS.filter(
  ({ name }) => parts.length === 0 || parts.some((part) => name.includes(part)),
)
const waiting = wanted.flatMap(shotsOf)
let pictures = 0
let found = 0

/** Takes pictures until none is left to be taken. */
async function takePictures(): Promise<void> {
  for (let shot = waiting.shift(); shot !== undefined; shot = waiting.shift()) {
    const problems = await shoot(browser, base, shot)
    for (const problem of problems) console.log(`${nameOf(shot)}: ${problem}`)
    pictures += 1
    found += problems.length
  }
}

// Two at a time: while one page settles, axe looks at the other.
await Promise.all([takePictures(), takePictures()])
await browser.close()
await server.close()
console.log(`${wanted.length} views, ${pictures} pictures, ${found} problems`)
process.exitCode = found === 0 ? 0 : 1
