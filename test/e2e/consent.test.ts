import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type Server, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeHeader } from '../../engine/format/add-cow/header'
import { type RunningApp, launchApp } from '../support/electron-app'
import { describeNeeding, electron, linux } from '../support/requires'
import { addFiles, details, goTo, row } from './support/window'

const MIB = 1024 * 1024

/** An overlay with nothing in it, as somebody else may have made it. */
async function makeForeign(path: string, backingName: string): Promise<void> {
  const header = encodeHeader({ backingName, imageName: 'own.raw', size: MIB })
  await writeFile(path, Buffer.concat([header, Buffer.alloc(MIB / 512 / 8)]))
}

describeNeeding([electron, linux], 'an image that leads elsewhere', () => {
  let folder: string
  let downloads: string
  let profile: string
  let secret: string
  let socket: string
  let server: Server
  let connections = 0
  let app: RunningApp

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'add-cow-consent-'))
    downloads = join(folder, 'downloads')
    profile = join(folder, 'profile')
    await mkdir(downloads)
    await mkdir(profile)
    secret = join(folder, 'secret.img')
    await writeFile(secret, Buffer.alloc(MIB, 0x73))
    socket = join(folder, 'nbd.socket')
    server = createServer((client) => {
      connections += 1
      client.destroy()
    })
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    await writeFile(join(downloads, 'own.raw'), Buffer.alloc(MIB))
    await makeForeign(join(downloads, 'file.add-cow'), secret)
    await makeForeign(join(downloads, 'network.add-cow'), `nbd+unix:///x?socket=${socket}`)
    app = await launchApp({ profile })
  }, 60_000)

  afterAll(async () => {
    await app.close()
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true, force: true })
  })

  async function openChain(name: string): Promise<void> {
    await row(app, name).click()
    await details(app).getByRole('tab', { name: 'Chain' }).click()
  }

  test('opens nothing there before the yes', async () => {
    await addFiles(app, [join(downloads, 'file.add-cow'), join(downloads, 'network.add-cow')])
    for (const [name, target] of [
      ['file.add-cow', secret],
      ['network.add-cow', socket],
    ] as const) {
      await row(app, name).getByText('Asks first').waitFor()
      await openChain(name)
      await details(app).getByText(target).first().waitFor()
    }
    await app.screenshot('consent-asked')
    expect(connections).toBe(0)
  })

  test('is opened after it', async () => {
    await details(app).getByRole('button', { name: 'Allow and open' }).click()
    await row(app, 'network.add-cow').getByText('Unreadable').waitFor()
    expect(connections).toBeGreaterThan(0)

    await openChain('file.add-cow')
    await details(app).getByRole('button', { name: 'Allow and open' }).click()
    await row(app, 'file.add-cow').getByText('OK', { exact: true }).waitFor()
    await app.screenshot('consent-given')
  })

  test('is not asked for again after a restart', async () => {
    await app.close()
    connections = 0
    app = await launchApp({ profile })
    await row(app, 'file.add-cow').getByText('OK', { exact: true }).waitFor()
    await row(app, 'network.add-cow').getByText('Unreadable').waitFor()
    expect(connections).toBeGreaterThan(0)
  }, 60_000)

  test('asks again after the yes is withdrawn, and no thread opens it meanwhile', async () => {
    const id = await app.window.evaluate(async () => {
      const reply = await window.addCow.invoke('app.bootstrap', undefined)
      const images = reply.ok ? reply.value.images : []
      return images.find(({ name }) => name === 'file.add-cow')?.id ?? ''
    })
    const openMap = (): Promise<unknown> =>
      app.window.evaluate((image) => window.addCow.invoke('map.open', { id: image }), id)
    const readBytes = (): Promise<unknown> =>
      app.window.evaluate(
        (image) => window.addCow.invoke('map.bytes', { id: image, offset: 0, length: 512 }),
        id,
      )
    expect(await openMap()).toMatchObject({ ok: true })
    expect(await readBytes()).toMatchObject({ ok: true })

    await goTo(app, 'Settings')
    await app.window.getByRole('list', { name: 'Allowed names' }).scrollIntoViewIfNeeded()
    await app.screenshot('consent-allowed-names')
    await app.window.getByRole('button', { name: `Withdraw ${secret}` }).click()
    await app.window.getByRole('button', { name: /^Withdraw nbd/ }).click()
    await app.window.getByText('Nothing elsewhere was allowed.').waitFor()
    connections = 0
    await goTo(app, 'Images')
    await row(app, 'file.add-cow').getByText('Asks first').waitFor()
    await row(app, 'network.add-cow').getByText('Asks first').waitFor()

    const refused = { ok: false, error: { code: 'chain/needs-consent' } }
    expect(await openMap()).toMatchObject(refused)
    expect(await readBytes()).toMatchObject(refused)
    // a job has a thread of its own
    const job = await app.window.evaluate(async (imageId) => {
      const ended = new Promise<unknown>((resolve) => {
        window.addCow.on('job.changed', ({ status, error }) => {
          if (status !== 'queued' && status !== 'running') resolve({ status, code: error?.code })
        })
      })
      const request = { kind: 'flatten', imageId, verify: false } as const
      const started = await window.addCow.invoke('job.start', request)
      return started.ok ? await ended : started
    }, id)
    expect(job).toEqual({ status: 'failed', code: 'chain/needs-consent' })
    expect(connections).toBe(0)

    await app.close()
    app = await launchApp({ profile })
    await row(app, 'file.add-cow').getByText('Asks first').waitFor()
    await row(app, 'network.add-cow').getByText('Asks first').waitFor()
    expect(connections).toBe(0)
  }, 60_000)
})
