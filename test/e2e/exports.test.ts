import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ExportSnapshot } from '../../electron/contract/exports'
import { inspectImage, nodeHost, openDisk, runJob } from '../../engine/index'
import { launchApp, type RunningApp } from '../support/electron-app'
import { describeNeeding, electron, program } from '../support/requires'
import { addFiles, dialog, goTo, row } from './support/window'

const run = promisify(execFile)
const MIB = 1024 * 1024
const SIZE = 48 * MIB
const GROWN = 64 * MIB
const BASE_BYTE = 0x5a
const SLOW = 60_000

/** A disk that is served from the real window, to the programs that it is for. */
describeNeeding(
  [electron, program('qemu-io'), program('nbdinfo')],
  'an export in the window',
  () => {
    let directory: string
    let app: RunningApp
    let overlay: string
    let snapshot: string
    let machineLog: string
    let guest: ChildProcess | undefined

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'add-cow-exports-'))
      overlay = join(directory, 'work.add-cow')
      snapshot = join(directory, 'later.add-cow')
      machineLog = join(directory, 'machine.txt')
      const base = await open(join(directory, 'base.raw'), 'w')
      await base.truncate(SIZE)
      await base.write(Buffer.alloc(4 * MIB, BASE_BYTE), 0, 4 * MIB, 0)
      await base.close()
      const names = { imageFile: 'work.raw', backingFile: 'base.raw' }
      await runJob(
        nodeHost,
        { kind: 'create', path: overlay, format: 'add-cow', ...names },
        { signal: new AbortController().signal, report: () => undefined },
      )
      const programs = await fakeMachine(join(directory, 'bin'), machineLog)
      const path = `${programs}${delimiter}${process.env['PATH'] ?? ''}`
      app = await launchApp({ env: { PATH: path } })
      await addFiles(app, [join(directory, 'base.raw'), overlay])
      await row(app, 'work.add-cow').waitFor()
    }, 180_000)

    afterAll(async () => {
      guest?.kill()
      await app.close()
      await rm(directory, { recursive: true, force: true })
    })

    async function served(): Promise<ExportSnapshot> {
      const reply = await app.window.evaluate(() => window.addCow.invoke('export.list', undefined))
      if (!reply.ok) throw new Error(reply.error.message)
      const [one] = reply.value.exports
      if (one === undefined) throw new Error('nothing is exported')
      return one
    }

    async function imageNamed(name: string): Promise<{ readonly id: string }> {
      const reply = await app.window.evaluate(() =>
        window.addCow.invoke('app.bootstrap', undefined),
      )
      if (!reply.ok) throw new Error(reply.error.message)
      const found = reply.value.images.find((image) => image.name === name)
      if (found === undefined) throw new Error(`no image ${name}`)
      return found
    }

    function card(name: string): Locator {
      return app.window.getByRole('article', { name })
    }

    async function write(byte: number, offset: number, length: number): Promise<void> {
      const { uri } = await served()
      await run('qemu-io', ['-f', 'raw', '-c', `write -P ${byte} ${offset} ${length}`, uri])
    }

    test('is started from the menu of an image, at a socket for its owner alone', async () => {
      await row(app, 'work.add-cow').click({ button: 'right' })
      await app.window.getByRole('menuitem', { name: /^Export over NBD/ }).click()
      const form = dialog(app, 'Export a disk over NBD')
      await app.screenshot('exports-1-start')
      await form.getByRole('button', { name: 'Start the export' }).click()
      await card('work.add-cow').waitFor()
      const { uri, size } = await served()
      const socket = new URL(uri).searchParams.get('socket') ?? ''
      expect((await stat(dirname(socket))).mode & 0o777).toBe(0o700)
      expect((await stat(socket)).mode & 0o777).toBe(0o600)
      const { stdout } = await run('nbdinfo', ['--size', uri])
      expect(Number(stdout)).toBe(size)
      expect(size).toBe(SIZE)
    })

    test('shows what goes through it, and keeps jobs from its files', async () => {
      await write(0x11, MIB, 65_536)
      await expect
        .poll(() => card('work.add-cow').textContent(), { timeout: SLOW })
        .toContain('64 KiB')
      await goTo(app, 'Images')
      await row(app, 'work.add-cow').getByText('In use').waitFor()
      await row(app, 'work.add-cow').click({ button: 'right' })
      const flatten = app.window.getByRole('menuitem', { name: /^Flatten in place/ })
      expect(await flatten.getAttribute('aria-disabled')).toBe('true')
      // said once, for all that cannot be done now
      await app.window.getByRole('menu').getByText('It is being exported over NBD').waitFor()
      await app.window.keyboard.press('Escape')
      await app.window.getByRole('button', { name: /^Exports, one running/ }).click()
    })

    test('takes a snapshot while a client is connected, which the library learns of', async () => {
      const { uri } = await served()
      guest = spawn('qemu-io', ['-f', 'raw', uri], { stdio: ['pipe', 'ignore', 'ignore'] })
      await card('work.add-cow').getByText('one connected').waitFor()
      await card('work.add-cow').getByRole('button', { name: 'Snapshot…' }).click()
      const form = dialog(app, 'Snapshot of work.add-cow')
      await form.getByLabel('Name', { exact: true }).fill('later.add-cow')
      await form.getByText(snapshot).first().waitFor()
      await app.screenshot('exports-2-snapshot')
      await form.getByRole('button', { name: 'Take the snapshot' }).click()
      await card('later.add-cow').getByText('one connected').waitFor()
      await write(0x22, 2 * MIB, 65_536)
      expect(await bytesOf(overlay, 2 * MIB)).toBe(BASE_BYTE)
    })

    test('is flattened in the background, to its end', async () => {
      await card('later.add-cow').getByRole('radio', { name: 'Full' }).click()
      await card('later.add-cow').getByRole('button', { name: 'Flatten', exact: true }).click()
      const end = 'Everything is copied: the image file alone serves now.'
      await card('later.add-cow').getByText(end).waitFor({ timeout: SLOW })
      await app.screenshot('exports-3-flattened')
    })

    test('grows, and says who does not know of it', async () => {
      await card('later.add-cow').getByRole('button', { name: 'Grow…' }).click()
      const form = dialog(app, 'Make later.add-cow larger')
      await form.getByLabel('New virtual size').fill('64M')
      await form.getByRole('button', { name: 'Grow to 64 MiB' }).click()
      await card('later.add-cow')
        .getByText(/One client still goes by the size/)
        .waitFor()
      const { stdout } = await run('nbdinfo', ['--size', (await served()).uri])
      expect(Number(stdout)).toBe(GROWN)
    })

    test('is what a machine is started on, and its end is told', async () => {
      await card('later.add-cow').getByRole('button', { name: 'Start in QEMU' }).click()
      await app.window.getByRole('menuitem', { name: /forget what it writes/ }).click()
      await card('later.add-cow').getByText('no display here').waitFor({ timeout: SLOW })
      const words = await readFile(machineLog, 'utf8')
      expect(words).toContain(`file=${(await served()).uri},format=raw,if=virtio,snapshot=on`)
    })

    test('is named, with its clients, to who wants to quit', async () => {
      await app.electron.evaluate(({ dialog: native, app: running }) => {
        native.showMessageBox = (...args: readonly unknown[]) => {
          Object.assign(running, { asked: args.at(-1) })
          return Promise.resolve({ response: 0, checkboxChecked: false })
        }
        running.quit()
      })
      const asked = (): Promise<string> =>
        app.electron.evaluate(({ app: running }) => JSON.stringify({ ...running }))
      await expect.poll(asked).toContain('A disk is being exported, with one client connected')
      await run('nbdinfo', ['--size', (await served()).uri])
    })

    test('asks before it takes the disk away, and then everything is in the files', async () => {
      await app.window.getByRole('button', { name: 'Stop the export of later.add-cow' }).click()
      const form = app.window.getByRole('alertdialog')
      await form.getByText(/^One client is connected/).waitFor()
      await form.getByRole('button', { name: 'Stop the export' }).click()
      await app.window.getByText('Nothing is exported').waitFor()
      expect(await bytesOf(snapshot, 0)).toBe(BASE_BYTE)
      expect(await bytesOf(snapshot, MIB)).toBe(0x11)
      expect(await bytesOf(snapshot, 2 * MIB)).toBe(0x22)
      expect(await inspectImage(nodeHost, snapshot)).toMatchObject({ virtualSize: GROWN })
      await goTo(app, 'Images')
      await row(app, 'later.add-cow').getByText('OK').waitFor({ timeout: SLOW })
      expect(app.problems).toEqual([])
    })

    test('ends in good order when the person quits all the same', async () => {
      const { id: imageId } = await imageNamed('later.add-cow')
      const request = { imageId, readOnly: false, place: { kind: 'socket' } } as const
      await app.window.evaluate((asked) => window.addCow.invoke('export.start', asked), request)
      await expect.poll(() => served().catch(() => undefined)).toMatchObject({ status: 'running' })
      await write(0x33, 3 * MIB, 65_536)
      const { uri } = await served()
      const socket = decodeURIComponent(uri.slice(uri.indexOf('=') + 1))
      await stat(socket)
      const closed = new Promise<void>((resolve) => app.electron.once('close', () => resolve()))
      await app.electron.evaluate(({ dialog: native, app: running }) => {
        native.showMessageBox = () => Promise.resolve({ response: 1, checkboxChecked: false })
        running.quit()
      })
      await closed
      await expect(stat(socket)).rejects.toThrow('ENOENT')
      expect(await bytesOf(snapshot, 3 * MIB)).toBe(0x33)
    })
  },
)

/** The one byte that a disk holds 64 KiB of at an offset. */
async function bytesOf(path: string, offset: number): Promise<number | undefined> {
  const disk = await openDisk(nodeHost, path, { writable: false })
  try {
    const bytes = new Uint8Array(65_536)
    await disk.read(bytes, offset)
    return bytes.every((byte) => byte === bytes[0]) ? bytes[0] : undefined
  } finally {
    await disk.close()
  }
}

/** An emulator that writes down how it was called, and complains. Resolves with its folder. */
async function fakeMachine(folder: string, log: string): Promise<string> {
  await mkdir(folder)
  const path = join(folder, 'qemu-system-x86_64')
  const lines = ['#!/bin/sh', `echo "$@" > '${log}'`, 'echo "no display here" >&2', 'exit 1', '']
  await writeFile(path, lines.join('\n'))
  await chmod(path, 0o755)
  return folder
}
