/* Renders icon.svg into the PNG files beside it, which are committed: run it after a change. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { ScriptError, main } from '../lib/project'
import { findProgram } from '../system/packages'

/** Pixels a side: what Linux icon themes, Windows and macOS ask for. */
const sizes = [16, 24, 32, 48, 64, 128, 256, 512, 1024]

await main(async () => {
  const executablePath = findProgram('chromium') ?? findProgram('google-chrome')
  if (executablePath === undefined) throw new ScriptError('Rendering icons needs Chromium.')
  const svg = await readFile(join(import.meta.dirname, 'icon.svg'), 'utf8')
  const chromiumSandbox = process.getuid?.() !== 0
  const browser = await chromium.launch({ executablePath, chromiumSandbox })
  try {
    for (const size of sizes) {
      const page = await browser.newPage({ viewport: { width: size, height: size } })
      await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`)
      const path = join(import.meta.dirname, `${size}x${size}.png`)
      await page.screenshot({ path, omitBackground: true })
      await page.close()
    }
  } finally {
    await browser.close()
  }
  return 0
})
