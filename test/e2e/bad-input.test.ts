import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron, linux, program, root } from '../support/requires'
import { type BadFile, makeBadFiles } from './support/bad-files'
import { makeOverlay } from './support/overlay'
import { addFiles, choose, dialog, list, row } from './support/window'

const run = promisify(execFile)
const MIB = 1024 * 1024

/** Names and contents of all files of a directory, as one text. */
async function fingerprint(directory: string): Promise<string> {
  const entries = await readdir(directory, { withFileTypes: true })
  const lines = entries.map(async (entry) => {
    if (!entry.isFile()) return entry.name
    const content = await readFile(join(directory, entry.name))
    return `${entry.name} ${createHash('sha256').update(content).digest('hex')}`
  })
  return (await Promise.all(lines)).sort().join('\n')
}

describeNeeding(electron, 'files that are no use', () => {
  let directory: string
  let bad: readonly BadFile[]
  let app: RunningApp

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-bad-'))
    bad = await makeBadFiles(directory)
    await writeFile(join(directory, 'good.img'), new Uint8Array(MIB))
    app = await launchApp()
    await addFiles(app, [join(directory, 'good.img')])
    await row(app, 'good.img').waitFor()
  }, 60_000)

  afterAll(async () => {
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  test('each gets one clear error, and nothing is changed', async () => {
    const before = await fingerprint(directory)
    for (const { name, refusal } of bad) {
      if (refusal === undefined) continue
      await addFiles(app, [join(directory, name)])
      const refused = dialog(app, 'One file was not added')
      await refused.getByText(refusal, { exact: true }).first().waitFor()
      expect(await refused.textContent()).toContain(name)
      await refused.getByRole('button', { name: 'Close' }).last().click()
      await refused.waitFor({ state: 'detached' })
    }
    expect(await fingerprint(directory)).toBe(before)
    expect(await list(app).getByRole('row').filter({ hasText: 'good.img' }).count()).toBe(1)
  })

  test('all at once are told in one dialog', async () => {
    const refusals = bad.filter(({ refusal }) => refusal !== undefined)
    await addFiles(
      app,
      refusals.map(({ name }) => join(directory, name)),
    )
    const refused = dialog(app, `${String(refusals.length)} files were not added`)
    await refused.waitFor()
    await app.screenshot('bad-input-refused')
    await refused.getByRole('button', { name: 'Close' }).last().click()
  })

  test('what is an overlay, but stands on nothing, is in the list and says so', async () => {
    for (const { name, state } of bad) {
      if (state === undefined) continue
      await addFiles(app, [join(directory, name)])
      await row(app, name).getByText(state).waitFor()
    }
    await row(app, 'no-base.add-cow').click()
    await app.screenshot('bad-input-base-missing')
  })

  test('a name that is taken is told while it is typed', async () => {
    await row(app, 'good.img').click()
    await app.window
      .getByRole('button', { name: /^New overlay/ })
      .first()
      .click()
    const form = dialog(app, 'New overlay')
    await form.getByLabel('Name', { exact: true }).fill('short.add-cow')
    await form
      .getByText(/exists already/)
      .first()
      .waitFor()
    await app.screenshot('bad-input-name-taken')
    const submit = form.getByRole('button', { name: 'Create overlay' })
    expect(await submit.getAttribute('aria-disabled')).toBe('true')
    await form.getByRole('button', { name: 'Cancel' }).click()
  })
})

describeNeeding([electron, linux, root, program('mount')], 'a full disk', () => {
  let directory: string
  let mount: string
  let app: RunningApp

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-full-'))
    mount = join(directory, 'small')
    await mkdir(mount)
    await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', mount])
    const base = join(directory, 'base.img')
    await writeFile(base, new Uint8Array(16 * MIB).fill(7))
    await truncate(base, 32 * MIB)
    app = await launchApp()
  }, 60_000)

  afterAll(async () => {
    await app.close()
    await run('umount', [mount])
    await rm(directory, { recursive: true, force: true })
  })

  test('is told before a flatten starts, with what is needed and what is free', async () => {
    const overlay = join(mount, 'x.add-cow')
    await makeOverlay(overlay, join(directory, 'base.img'))
    await addFiles(app, [join(directory, 'base.img'), overlay])
    await row(app, 'x.add-cow').click()
    await choose(app, 'Flatten', /^In place/)
    const form = dialog(app, /^Flatten/)
    await form.getByText('No space left').first().waitFor()
    await app.screenshot('bad-input-full-disk')
    const submit = form.getByRole('button', { name: 'Flatten', exact: true })
    expect(await submit.getAttribute('aria-disabled')).toBe('true')
  })
})
