import { EventEmitter } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { filesAfterSnapshot } from '../../electron/main/exports/export-rules'
import { type ExportPort, ExportThread } from '../../electron/main/exports/export-thread'
import { findQemu, qemuArguments, startQemu } from '../../electron/main/exports/qemu'
import { RunningExport } from '../../electron/main/exports/running-export'
import { SocketFolder } from '../../electron/main/exports/sockets'
import { Throughput } from '../../electron/main/exports/throughput'
import { FileClaims } from '../../electron/main/jobs/file-claims'
import type {
  ExportCallMessage,
  ExportCallName,
  FromExport,
  ServedState,
} from '../../electron/worker/exports/calls'

/** A thread that says what the test says. */
class FakePort extends EventEmitter implements ExportPort {
  readonly sent: ExportCallMessage<ExportCallName>[] = []

  postMessage<Name extends ExportCallName>(message: ExportCallMessage<Name>): void {
    this.sent.push(message)
  }

  say(message: FromExport): void {
    this.emit('message', message)
  }

  terminate(): Promise<void> {
    this.emit('exit', 1)
    return Promise.resolve()
  }
}

const served: ServedState = {
  ...{ uri: 'nbd://127.0.0.1:1', path: '/d/a.add-cow', size: 1024, clients: 1 },
  ...{ clientsWithOldSize: 0, bytesRead: 0, bytesWritten: 0 },
}
const files = { writes: ['/d/a.add-cow', '/d/a.raw'], reads: ['/d/base.raw'] }
const hostSettings = { cacheBytes: 4096, trust: [] }

async function openExport(): Promise<{
  port: FakePort
  one: RunningExport
  claims: FileClaims
  answer: (state?: ServedState) => void
}> {
  const port = new FakePort()
  const claims = new FileClaims(() => undefined)
  const address = { kind: 'tcp', port: 0 } as const
  const one = new RunningExport(
    { id: 'e', imageId: 'i', path: '/d/a.add-cow', readOnly: false, address, files },
    { claims, onChange: () => undefined, onFiles: () => undefined },
  )
  const thread = new ExportThread(
    port,
    {
      onState: (state) => one.see(state),
      onFailure: (error) => one.failed(error),
      onCrash: (error) => one.crashed(error),
    },
    () => hostSettings,
  )
  const answer = (state = served): void => {
    const last = port.sent.at(-1)
    if (last === undefined || last.name === 'planSnapshot' || last.name === 'close') {
      throw new Error('no call that is answered with a state')
    }
    port.say({ type: 'done', id: last.id, name: last.name, result: state })
  }
  const opened = one.open(thread)
  answer()
  await opened
  return { port, one, claims, answer }
}

test('a thread that ends of itself is told with its reason, and its files are free', async () => {
  const { port, one, claims } = await openExport()
  expect(claims.conflicts(files)).toBe(true)
  port.emit('exit', 134)
  expect(one.snapshot()).toMatchObject({ status: 'failed', error: { code: 'internal' } })
  expect(one.snapshot().error?.message).toContain('134')
  expect(claims.conflicts(files)).toBe(false)
  await expect(one.grow(2048)).rejects.toMatchObject({ code: 'invalid-argument' })
})

test('what the disk could not do is told while the export goes on', async () => {
  const { port, one } = await openExport()
  const error = { code: 'io/no-space', message: 'full', details: {} } as const
  port.say({ type: 'failure', error })
  expect(one.snapshot()).toMatchObject({ status: 'running', failure: error })
})

test('after a snapshot the former top is only read, once no flatten writes to it', async () => {
  const { port, one, answer } = await openExport()
  one.flatten(undefined)
  const flattenCall = port.sent.at(-1)
  const overlay = ['/d/b.add-cow', '/d/b.raw']
  const taken = one.takeSnapshot({ path: '/d/b.add-cow', imageFile: 'b.raw' }, overlay)
  answer({ ...served, path: '/d/b.add-cow' })
  await taken
  expect(one.touched.writes).toEqual([...overlay, ...files.writes])
  port.say({ type: 'done', id: flattenCall?.id ?? 0, name: 'flatten', result: served })
  await vi.waitFor(() => expect(one.snapshot().flatten?.status).toBe('done'))
  expect(one.touched.writes).toEqual(overlay)
  expect(one.touched.reads).toEqual([...files.reads, ...files.writes])
})

test('a flatten at another speed takes the place of the one before', async () => {
  const { port, one } = await openExport()
  one.flatten(1)
  const first = port.sent.at(-1)
  one.flatten(2)
  const error = { code: 'job/cancelled', message: '', details: {} } as const
  port.say({ type: 'failed', id: first?.id ?? 0, name: 'flatten', error })
  await Promise.resolve()
  expect(one.snapshot().flatten).toMatchObject({ status: 'running', bytesPerSecond: 2 })
})

test('the files after a snapshot', () => {
  expect(filesAfterSnapshot(files, ['/d/b'], false)).toEqual({
    writes: ['/d/b'],
    reads: ['/d/base.raw', '/d/a.add-cow', '/d/a.raw'],
  })
})

test('speeds are those of the last seconds, and sink to nothing', () => {
  const throughput = new Throughput()
  throughput.add(0, 0, 0)
  throughput.add(4000, 2000, 2000)
  expect(throughput.speeds(2000)).toEqual({ readSpeed: 2000, writeSpeed: 1000 })
  expect(throughput.speeds(10_000)).toEqual({ readSpeed: 0, writeSpeed: 0 })
})

test('sockets lie in a folder that only the present user can enter', async () => {
  const sockets = new SocketFolder()
  const path = await sockets.newPath(`a name/with ${'x'.repeat(300)}.add-cow`)
  expect((await stat(dirname(path))).mode & 0o777).toBe(0o700)
  expect(Buffer.byteLength(path)).toBeLessThan(108)
  expect(await sockets.newPath('a')).not.toBe(path)
  await sockets.remove()
  await expect(stat(dirname(path))).rejects.toThrow('ENOENT')
})

test('a machine is looked for in PATH, started, and its last words are kept', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'add-cow-machine-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  expect(await findQemu(folder)).toBeUndefined()
  const path = join(folder, 'qemu-system-x86_64')
  await writeFile(path, `#!/bin/sh\necho "$@" > '${folder}/args'\necho broken >&2\nexit 1\n`)
  await chmod(path, 0o755)
  expect(await findQemu(`/nowhere:${folder}`)).toBe(path)
  const ended = await new Promise((resolve, reject) => {
    startQemu(path, qemuArguments('nbd://127.0.0.1:1', true), resolve).catch(reject)
  })
  expect(ended).toMatchObject({ message: 'broken' })
  expect(await readFile(join(folder, 'args'), 'utf8')).toContain('if=virtio,snapshot=on')
  expect(qemuArguments('a,b', false).at(-1)).toBe('file=a,,b,format=raw,if=virtio')
})
