import { createHash, randomFillSync } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectImage, nodeHost, openDisk } from '../../engine/index'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'
import { makeOverlay } from './support/overlay'
import { addFiles, answerOpenDialog, details, dialog, jobDone, list, row } from './support/window'

const MIB = 1024 * 1024

/** The sha256 of all that a disk reads as. */
async function diskHash(path: string): Promise<string> {
  const disk = await openDisk(nodeHost, path, { writable: false })
  const hash = createHash('sha256')
  const buffer = Buffer.alloc(MIB)
  for (let at = 0; at < disk.size; at += MIB) {
    const part = buffer.subarray(0, Math.min(MIB, disk.size - at))
    await disk.read(part, at)
    hash.update(part)
  }
  await disk.close()
  return hash.digest('hex')
}

describeNeeding(electron, 'an overlay that goes to another folder', () => {
  let directory: string
  let app: RunningApp
  let content: string
  const path = (name: string): string => join(directory, name)

  async function openMove(name: string): Promise<ReturnType<typeof dialog>> {
    await row(app, name).click({ button: 'right' })
    await app.window.getByRole('menuitem', { name: 'Move or copy…' }).click()
    const form = dialog(app, `Move or copy ${name}`)
    await form.getByText('add-cow-img move').waitFor()
    return form
  }

  async function pickFolder(form: ReturnType<typeof dialog>, folder: string): Promise<void> {
    await answerOpenDialog(app, [folder])
    await form.getByRole('button', { name: 'Change…' }).click()
    await form.getByText(`${folder}/`).first().waitFor()
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-moving-'))
    for (const name of ['here', 'copies', 'away']) await mkdir(path(name))
    await writeFile(path('here/base.img'), randomFillSync(Buffer.alloc(24 * MIB)))
    await makeOverlay(path('here/vm.add-cow'), 'base.img')
    const disk = await openDisk(nodeHost, path('here/vm.add-cow'), { writable: true })
    for (const at of [MIB, 7 * MIB, 20 * MIB]) {
      await disk.write(randomFillSync(Buffer.alloc(MIB + 512)), at)
    }
    await disk.close()
    content = await diskHash(path('here/vm.add-cow'))
    app = await launchApp()
    await addFiles(app, [path('here/base.img'), path('here/vm.add-cow')])
    await row(app, 'vm.add-cow').waitFor()
  }, 120_000)

  afterAll(async () => {
    expect(app.problems).toEqual([])
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  test('is copied there, and both stand in the list and read the same', async () => {
    const form = await openMove('vm.add-cow')
    await form.getByRole('radio', { name: 'Copy' }).click()
    await pickFolder(form, path('copies'))
    await form.getByText(/To copy: up to/).waitFor()
    await app.screenshot('moving-copy')
    await form.getByRole('button', { name: 'Copy overlay' }).click()
    await jobDone(app, path('here/vm.add-cow'))
    expect((await readdir(path('here'))).sort()).toEqual(['base.img', 'vm.add-cow', 'vm.raw'])
    expect((await readdir(path('copies'))).sort()).toEqual(['vm.add-cow', 'vm.raw'])
    expect(await diskHash(path('copies/vm.add-cow'))).toBe(content)
    expect(await diskHash(path('here/vm.add-cow'))).toBe(content)
    await expect
      .poll(() =>
        list(app)
          .getByRole('row', { name: /vm\.add-cow/ })
          .count(),
      )
      .toBe(2)
  })

  test('is moved there, and the list follows it', async () => {
    await rm(path('copies'), { recursive: true })
    await expect
      .poll(() => list(app).getByRole('row').filter({ hasText: 'File missing' }).count())
      .toBe(1)
    await list(app).getByRole('row').filter({ hasText: 'File missing' }).click({ button: 'right' })
    await app.window.getByRole('menuitem', { name: 'Remove from the list' }).click()
    await expect
      .poll(() =>
        list(app)
          .getByRole('row', { name: /vm\.add-cow/ })
          .count(),
      )
      .toBe(1)
    const form = await openMove('vm.add-cow')
    await pickFolder(form, path('away'))
    await form.getByText('Nothing to copy').waitFor()
    await form.getByRole('button', { name: 'Move overlay' }).click()
    await expect.poll(async () => await readdir(path('here'))).toEqual(['base.img'])
    expect((await readdir(path('away'))).sort()).toEqual(['vm.add-cow', 'vm.raw'])
    expect(await diskHash(path('away/vm.add-cow'))).toBe(content)
    const { backing } = await inspectImage(nodeHost, path('away/vm.add-cow'))
    expect(backing).toMatchObject({ name: '../here/base.img', path: path('here/base.img') })
    await row(app, 'vm.add-cow').getByText('OK').waitFor()
    await row(app, 'vm.add-cow').click()
    await details(app).getByText(path('away')).first().waitFor()
    expect(
      await list(app)
        .getByRole('row', { name: /vm\.add-cow/ })
        .count(),
    ).toBe(1)
  })

  test('and is compared with its base there: a picture of where they differ', async () => {
    await row(app, 'vm.add-cow').click()
    await row(app, 'base.img').click({ modifiers: ['ControlOrMeta'] })
    await app.window.getByRole('button', { name: 'Compare both…' }).click()
    const form = dialog(app, /^Compare /)
    await form.getByText('add-cow-img compare').waitFor()
    await form.getByRole('button', { name: 'Compare', exact: true }).click()
    await form.getByText(/The first difference is at byte 1,048,5\d\d/).waitFor()
    await form.getByText('3 MiB differ, in 3 ranges.').waitFor()
    await form.getByRole('tab', { name: 'Bytes' }).click()
    await form.getByText(/^Sector 2,048: \d+ bytes differ$/).waitFor()
    await app.screenshot('moving-compare')
    await form.getByRole('button', { name: 'Close' }).last().click()
  })
})
