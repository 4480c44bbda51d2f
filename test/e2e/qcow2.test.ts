/*
 * What other programs made comes in, and goes out again: a qcow2 overlay of qemu-img is imported
 * through the window, and the overlay exported as qcow2; qemu-img says that all are the same disk.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MIB } from '../../engine/base/units'
import { type RunningApp, launchApp } from '../support/electron-app'
import { describeNeeding, electron, program } from '../support/requires'
import { addFiles, answerSaveDialog, choose, details, dialog, jobDone, row } from './support/window'

const run = promisify(execFile)

describeNeeding([electron, program('qemu-img'), program('qemu-io')], 'a qcow2 overlay', () => {
  let directory: string
  let app: RunningApp
  const path = (name: string): string => join(directory, name)
  const qemu = async (tool: 'img' | 'io', ...args: string[]): Promise<string> =>
    (await run(`qemu-${tool}`, args, { cwd: directory })).stdout

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'add-cow-qcow2-'))
    await run('dd', ['if=/dev/urandom', `of=${path('base.raw')}`, `bs=${String(MIB)}`, 'count=64'])
    await qemu('img', 'create', '-q', '-f', 'qcow2', '-b', 'base.raw', '-F', 'raw', 'vm.qcow2')
    const writes = ['write -P 1 0 1M', 'write -P 2 10M 70000', 'write -z 20M 3M']
    await qemu('io', ...writes.flatMap((write) => ['-c', write]), 'vm.qcow2')
    await qemu('img', 'snapshot', '-c', 'before', 'vm.qcow2')
    await qemu('io', '-c', 'write -P 3 30M 5M', 'vm.qcow2')
    app = await launchApp()
    await addFiles(app, [path('base.raw'), path('vm.qcow2')])
    await row(app, 'vm.qcow2').click()
  }, 120_000)

  afterAll(async () => {
    expect(app.problems).toEqual([])
    await app.close()
    await rm(directory, { recursive: true, force: true })
  })

  test('says what its header says, and its snapshot', async () => {
    await details(app).getByText('One internal snapshot').waitFor()
    await details(app).getByRole('rowheader', { name: 'before' }).waitFor()
    await details(app).getByText('16 bits each').waitFor()
    await app.screenshot('qcow2-facts')
  })

  test('is imported, and what was made is selected', async () => {
    const before = await readFile(path('vm.qcow2'))
    await details(app).getByRole('button', { name: 'Import as an overlay…' }).click()
    const form = dialog(app, 'Import a qcow2 overlay')
    await form.getByText('Stands on base.raw').waitFor()
    await form.getByText('Its internal snapshots stay behind').waitFor()
    await form.getByText('add-cow-img import').waitFor()
    await app.screenshot('qcow2-import')
    await form.getByRole('button', { name: 'Import', exact: true }).click()
    await jobDone(app, path('vm.qcow2'))
    await expect
      .poll(async () => await row(app, 'vm.add-cow').getAttribute('aria-selected'))
      .toBe('true')
    await details(app).getByRole('heading', { name: 'vm.add-cow' }).waitFor()
    expect(await row(app, 'vm.add-cow').getAttribute('aria-level')).toBe('2')
    expect((await readFile(path('vm.qcow2'))).equals(before)).toBe(true)
  })

  test('and goes out as one again, the same disk to qemu-img', async () => {
    await answerSaveDialog(app, path('out.qcow2'))
    await row(app, 'vm.add-cow').click()
    await choose(app, 'Flatten', /^As a qcow2 overlay/)
    const form = dialog(app, 'Export vm.add-cow as a qcow2 overlay')
    await form.getByRole('button', { name: 'Choose…' }).click()
    await form.getByText('add-cow-img convert --verify -O qcow2').waitFor()
    await app.screenshot('qcow2-export')
    await form.getByRole('button', { name: 'Export as qcow2' }).click()
    await jobDone(app, path('vm.add-cow'))
    await row(app, 'out.qcow2').waitFor()
    expect(await qemu('img', 'check', 'out.qcow2')).toContain('No errors were found')
    expect(await qemu('img', 'compare', 'vm.qcow2', 'out.qcow2')).toContain('identical')
    const info = await qemu('img', 'info', 'out.qcow2')
    expect(info).toContain('backing file: base.raw')
    expect(info).toContain('backing file format: raw')
  })
})
