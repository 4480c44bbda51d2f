import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { AgreedNames } from '../../electron/main/agreed-names'
import { agreeToPicked } from '../../electron/main/jobs/agree-to-picked'
import { Library } from '../../electron/main/library/library'
import { TrustLog } from '../../electron/main/trust-log'
import { KeptScans } from '../../electron/worker/kept-scans'
import { DiskMaps } from '../../electron/worker/map/disk-maps'
import { scanImage } from '../../electron/worker/scan-image'
import { LearntTrust } from '../../electron/worker/trust'
import { type JobRequest, openDisk, planJob } from '../../engine'
import { encodeHeader } from '../../engine/format/add-cow/header'
import { describeNeeding, linux } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { overlayScan, rawScan } from './support/scans'

const SIZE = 64 * 1024

let log: TrustLog
let trust: LearntTrust
let tell: () => void
let folder: string
let elsewhere: string
beforeEach(() => {
  log = new TrustLog()
  trust = new LearntTrust()
  const news = log.reader()
  tell = () => trust.learn(news())
  folder = temporaryFolder()
  elsewhere = temporaryFolder()
})

/** An overlay that is empty, of the layout that stores no format for its base. */
function makeOverlay(name: string, backingName: string): string {
  const header = encodeHeader({ backingName, imageName: `${name}.raw`, size: SIZE })
  const path = join(folder, name)
  writeFileSync(path, Buffer.concat([header, Buffer.alloc(SIZE / 512 / 8)]))
  writeFileSync(`${path}.raw`, Buffer.alloc(SIZE))
  return path
}

function makeRaw(directory: string, start = ''): string {
  const path = join(directory, 'base.img')
  writeFileSync(path, Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(SIZE)]))
  return path
}

async function problemOf(path: string, host = trust.host): Promise<string | undefined> {
  return (await scanImage(host, path, undefined)).chain.problem?.code
}

describe('what an image names in another folder', () => {
  test('is opened after a yes', async () => {
    const base = makeRaw(elsewhere)
    const path = makeOverlay('x', base)
    const { chain } = await scanImage(trust.host, path, undefined)
    expect(chain.problem).toMatchObject({
      code: 'chain/needs-consent',
      details: { path, target: base },
    })
    expect(chain.layers).toHaveLength(1)
    log.setAgreed([base])
    tell()
    expect(await problemOf(path)).toBeUndefined()
  })

  test('is opened while it is an image of the list', async () => {
    const base = makeRaw(elsewhere)
    const path = makeOverlay('x', base)
    log.settle(base, 'raw')
    tell()
    expect(await problemOf(path)).toBeUndefined()
    log.settle(base, undefined)
    tell()
    expect(await problemOf(path)).toBe('chain/needs-consent')
  })

  test('is opened no more once the yes is withdrawn, by no thread and in no way', async () => {
    const base = makeRaw(elsewhere)
    const path = makeOverlay('x', base)
    const refused = { code: 'chain/needs-consent', details: { path, target: base } }
    log.setAgreed([base])
    tell()
    const maps = new DiskMaps(trust.host)
    const control = { report: () => undefined, signal: new AbortController().signal }
    const scans = new KeptScans()
    await maps.open(path, control)
    expect(await maps.bytes(path, 0, 512)).toHaveLength(512)
    expect((await scans.look(trust.host, path)).chain.problem).toBeUndefined()

    log.setAgreed([])
    const later = new LearntTrust()
    expect(later.learn(log.reader()())).toBe(true)
    expect(trust.learn(log.reader()())).toBe(true)
    maps.forget()
    scans.forget()
    for (const { host } of [trust, later]) {
      expect(await problemOf(path, host)).toBe('chain/needs-consent')
      await expect(openDisk(host, path, { writable: false })).rejects.toMatchObject(refused)
      const job = { kind: 'flatten', path, verify: false } as const
      expect((await planJob(host, job)).problems).toMatchObject([refused])
    }
    expect((await scans.look(trust.host, path)).chain.problem).toMatchObject(refused)
    await expect(maps.open(path, control)).rejects.toMatchObject(refused)
    await expect(maps.bytes(path, 0, 512)).rejects.toMatchObject(refused)

    log.setAgreed([base])
    tell()
    expect(await problemOf(path)).toBeUndefined()
  })

  test('needs no yes below the own folder', async () => {
    mkdirSync(join(folder, 'below'))
    makeRaw(join(folder, 'below'))
    expect(await problemOf(makeOverlay('x', 'below/base.img'))).toBeUndefined()
  })
})

describeNeeding([linux], 'what is no file', () => {
  test('is not opened unasked in the own folder either', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const path = makeOverlay('x', 'pipe')
    expect(await problemOf(path)).toBe('chain/needs-consent')
    log.setAgreed([join(folder, 'pipe')])
    tell()
    expect(await problemOf(path)).toBe('file/not-a-file')
  })

  test('is not connected to before the yes, and is after it', async () => {
    const onConnection = vi.fn<(socket: { destroy(): void }) => void>((socket) => socket.destroy())
    const server = createServer(onConnection)
    const socket = join(folder, 'socket')
    await new Promise<void>((resolve) => server.listen(socket, resolve))
    try {
      const uri = `nbd+unix:///disk?socket=${socket}`
      const path = makeOverlay('x', uri)
      expect(await problemOf(path)).toBe('chain/needs-consent')
      expect(onConnection).not.toHaveBeenCalled()
      log.setAgreed([uri])
      tell()
      expect(await problemOf(path)).toMatch(/^nbd\//)
      expect(onConnection).toHaveBeenCalled()
    } finally {
      server.close()
    }
  })
})

describe('a raw image of the list', () => {
  const QCOW2 = 'QFI\xfb\0\0\0\x03'

  test('stays raw whatever a guest writes to its start, and says what it looks like', async () => {
    const base = makeRaw(folder, QCOW2)
    const path = makeOverlay('x', 'base.img')
    expect(await problemOf(path)).toBeDefined()
    log.settle(base, 'raw')
    tell()
    for (const image of [base, path]) {
      const { chain } = await scanImage(trust.host, image, undefined)
      expect(chain.problem).toBeUndefined()
      expect(chain.layers.at(-1)).toMatchObject({ format: 'raw', looksLike: 'qcow2' })
    }
    expect((await scanImage(trust.host, path, undefined)).base?.format).toBe('raw')
  })
})

test('a thread is told nothing twice', () => {
  log.setAgreed(['/a', '/a'])
  const news = log.reader()
  expect(news()).toEqual([{ agreed: '/a' }])
  log.setAgreed(['/a'])
  log.settle('/b', 'raw')
  log.settle('/b', 'raw')
  expect(news()).toEqual([{ image: '/b', format: 'raw' }])
  expect(news()).toEqual([])
  expect(log.reader()()).toHaveLength(2)
})

describe('a job', () => {
  const nothing = (): void => undefined
  const OVERLAY = '/disks/over.add-cow'
  const BASE = '/bases/base.raw'
  let library: Library
  let imageId: string
  beforeEach(() => {
    library = new Library({
      records: [],
      ...{ onChange: nothing, onRecordsChange: nothing },
      onFormat: (path, format) => log.settle(path, format),
    })
    imageId = library.add(OVERLAY, overlayScan(OVERLAY, BASE))
  })

  function agreedBy(request: JobRequest): readonly string[] {
    const agreed = new AgreedNames([], nothing)
    agreeToPicked({ request, imageId, files: { writes: [], reads: [] } }, library, agreed)
    return [...agreed.names]
  }
  const move: JobRequest = {
    kind: 'move',
    path: OVERLAY,
    target: '/other/over.add-cow',
    targetImage: '/third/over.raw',
    copy: false,
    names: 'absolute',
  }

  test('agrees to the base that was picked for it', () => {
    const rebase = { kind: 'rebase', path: OVERLAY, namesOnly: true } as const
    expect(agreedBy({ ...rebase, backingFile: '/new/base.raw' })).toEqual(['/new/base.raw'])
    expect(agreedBy({ ...rebase, backingFile: 'near.raw' })).toEqual(['/disks/near.raw'])
    expect(agreedBy({ ...rebase, backingFile: '' })).toEqual([])
  })

  test('that takes an overlay elsewhere agrees to what it went on from', () => {
    expect(agreedBy(move)).toEqual(['/third/over.raw', BASE])
  })

  test('does not agree in the place of the person', () => {
    const problem = {
      code: 'chain/needs-consent',
      message: 'It leads elsewhere',
      details: { path: OVERLAY, target: BASE },
    } as const
    const { chain, ...found } = overlayScan(OVERLAY, BASE)
    const scan = { ...found, chain: { layers: chain.layers.slice(0, 1), problem } }
    library.scanned(imageId, { found: scan }, false)
    expect(agreedBy(move)).toEqual(['/third/over.raw'])
    expect(library.waitingFor([BASE])).toEqual([imageId])
  })

  test('of the list tells what is in it, from a restart on as well', () => {
    const base = library.add(BASE, rawScan(BASE))
    library.settle(BASE, 'qcow2')
    expect(library.record(base).seen.format).toBe('qcow2')
    library.forget([base])
    const expected = [
      { image: OVERLAY, format: 'add-cow' },
      { image: BASE, format: 'raw' },
      { image: BASE, format: 'qcow2' },
      { image: BASE, format: undefined },
    ]
    expect(log.reader()()).toEqual(expected)
    const again = vi.fn()
    const records = library.records()
    new Library({ records, onChange: nothing, onRecordsChange: nothing, onFormat: again })
    expect(again).toHaveBeenCalledExactlyOnceWith(OVERLAY, 'add-cow')
  })
})
