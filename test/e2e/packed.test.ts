/*
 * The application as people get it: packed, with its fuses set. They shut out the drivers of the
 * other end-to-end tests, so this one looks at the window through Chromium's own debugging port.
 */
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { outFolder, projectRoot } from '../../build/lib/project'
import { describeNeeding, electron, linux } from '../support/requires'

/** Packs anew, on the Electron of the other tests; resolves with the packed program's path. */
function pack(): string {
  const program = ['--import', 'tsx', join(projectRoot, 'build/package.ts')]
  const env = {
    ...process.env,
    ELECTRON_OVERRIDE_DIST_PATH: dirname(inject('electron').executable),
  }
  execFileSync(process.execPath, program, { cwd: projectRoot, env, stdio: 'pipe' })
  const packed = join(outFolder, 'package')
  const folder = readdirSync(packed).find((name) => /^linux.*unpacked$/.test(name))
  if (folder === undefined) throw new Error(`Nothing was packed into ${packed}`)
  return join(packed, folder, 'add-cow-manager')
}

/** Where the program listens for debuggers, on loopback, as it says itself. */
async function debuggerAddress(program: ChildProcess): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = ''
    program.stderr?.on('data', (part: Buffer) => {
      text += part.toString()
      const address = /DevTools listening on (ws:\S+)/.exec(text)?.[1]
      if (address !== undefined) resolve(address)
    })
    program.once('exit', (code) => {
      reject(new Error(`The packed application ended with ${String(code)}:\n${text}`))
    })
  })
}

describeNeeding([linux, electron], 'the packed application', () => {
  const profile = mkdtempSync(join(tmpdir(), 'add-cow-packed-'))
  let executable: string
  let program: ChildProcess
  let browser: Browser

  beforeAll(async () => {
    executable = pack()
    const { switches, env } = inject('electron')
    const port = ['--remote-debugging-port=0', `--user-data-dir=${profile}`]
    program = spawn(executable, [...switches, ...port], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    browser = await chromium.connectOverCDP(await debuggerAddress(program))
  })

  afterAll(async () => {
    await browser.close()
    // Its helpers write into the profile until they end, a moment later than the program: `close`
    // comes when none of them holds its standard error any more.
    const ended = new Promise((resolve) => program.once('close', resolve))
    program.kill()
    await ended
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  })

  test('works with real disks: makes the sample and shows it', async () => {
    const [context] = browser.contexts()
    if (context === undefined) throw new Error('The packed application has no window')
    const window = context.pages()[0] ?? (await context.waitForEvent('page'))
    await window.getByRole('button', { name: 'Try it with a sample disk' }).click()
    const images = window.getByRole('treegrid', { name: 'Images' })
    await images.getByRole('row').nth(2).waitFor()
    await window.screenshot({ path: join(outFolder, 'test-artefacts', 'packed.png') })
  })

  test('has the licences of all that it ships', async () => {
    const page = browser.contexts()[0]?.pages()[0]
    if (page === undefined) throw new Error('The packed application has no window')
    const reply = await page.evaluate(() => window.addCow.invoke('app.licences', undefined))
    if (!reply.ok) throw new Error(reply.error.message)
    const names = reply.value.map(({ name }) => name)
    for (const name of ['koffi', 'pinia', 'zod']) expect(names).toContain(name)
  })

  test('can be neither debugged as Node nor loaded with other code', async () => {
    const fuses = await getCurrentFuseWire(executable)
    // In the program's file a fuse that is on is the character 1.
    const on = (fuse: FuseV1Options): boolean => Number(fuses[fuse]) === '1'.charCodeAt(0)

    expect(on(FuseV1Options.RunAsNode)).toBe(false)
    expect(on(FuseV1Options.EnableNodeOptionsEnvironmentVariable)).toBe(false)
    expect(on(FuseV1Options.EnableNodeCliInspectArguments)).toBe(false)
    expect(on(FuseV1Options.GrantFileProtocolExtraPrivileges)).toBe(false)
    expect(on(FuseV1Options.OnlyLoadAppFromAsar)).toBe(true)
    expect(on(FuseV1Options.EnableEmbeddedAsarIntegrityValidation)).toBe(true)
  })
})
