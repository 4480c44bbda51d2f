import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { encodeHeader as encodeAcow } from '../../../engine/format/acow/header'
import { encodeHeader as encodeAddCow, fileLength } from '../../../engine/format/add-cow/header'
import { openDisk } from '../../../engine/image/disk'
import { inspectChain } from '../../../engine/image/inspect'
import { planJob } from '../../../engine/job/jobs'
import type { Trust } from '../../../engine/model/trust'
import { machineHost } from '../../../engine/nbd/machine-host'
import { expectError, failure } from '../../support/expect-error'
import { temporaryFolder } from '../../support/temporary-folder'

const SIZE = 64 * 1024

let folder: string
let elsewhere: string
beforeEach(() => {
  folder = temporaryFolder()
  elsewhere = temporaryFolder()
  writeFileSync(join(elsewhere, 'secret.raw'), Buffer.alloc(SIZE, 0x73))
})

function trusting(
  files: Trust['files'],
  ...names: readonly string[]
): ReturnType<typeof machineHost> {
  return machineHost({ files, names: new Set(names) })
}

/** An overlay with nothing in it: layout 1 stores no format for what lies below, layout 2 does. */
function makeOverlay(
  layout: 1 | 2,
  name: string,
  backingName: string,
  imageName = `${name}.raw`,
): void {
  const length = fileLength(SIZE)
  if (layout === 1) {
    const header = encodeAddCow({ backingName, imageName, size: SIZE })
    writeFileSync(join(folder, name), Buffer.concat([header, Buffer.alloc(length - header.length)]))
  } else {
    const backingFormat = backingName.endsWith('.raw') ? 'raw' : 'add-cow'
    const names = { backingName, backingFormat, imageName, imageFormat: 'raw' }
    const header = encodeAcow({ ...names, clusterBits: 16, allAllocated: false })
    writeFileSync(join(folder, name), Buffer.concat([header, Buffer.alloc(65_536)]))
  }
  if (!imageName.startsWith('/')) writeFileSync(join(folder, imageName), Buffer.alloc(SIZE))
}

async function firstByte(host: ReturnType<typeof machineHost>): Promise<number | undefined> {
  const disk = await openDisk(host, join(folder, 'top'), { writable: false })
  try {
    const bytes = new Uint8Array(1)
    await disk.read(bytes, 0)
    return bytes[0]
  } finally {
    await disk.close()
  }
}

describe('a file elsewhere', () => {
  test('that the image names which a person named is opened', async () => {
    makeOverlay(1, 'top', join(elsewhere, 'secret.raw'))
    expect(await firstByte(trusting('any'))).toBe(0x73)
  })

  test('is asked about where only the own folder is trusted', async () => {
    const secret = join(elsewhere, 'secret.raw')
    makeOverlay(2, 'top', secret)
    const error = await failure(firstByte(trusting('own-folder')))
    expectError(error, 'chain/needs-consent', /top: it names .*secret\.raw, outside/)
    expect(error.details).toEqual({ path: join(folder, 'top'), target: secret })
    expect(await firstByte(trusting('own-folder', secret))).toBe(0x73)
  })

  test('is elsewhere by a link, too', async () => {
    symlinkSync(join(elsewhere, 'secret.raw'), join(folder, 'near.raw'))
    makeOverlay(2, 'top', 'near.raw')
    const error = await failure(firstByte(trusting('own-folder')))
    expectError(error, 'chain/needs-consent', /near\.raw/)
  })

  test('can be an image file', async () => {
    makeOverlay(2, 'top', 'base.raw', join(elsewhere, 'secret.raw'))
    const error = await failure(firstByte(trusting('own-folder')))
    expectError(error, 'chain/needs-consent', /secret\.raw/)
  })

  test('is none that lies in a folder below', async () => {
    mkdirSync(join(folder, 'below'))
    writeFileSync(join(folder, 'below', '..raw'), Buffer.alloc(SIZE, 5))
    makeOverlay(2, 'top', 'below/..raw')
    expect(await firstByte(trusting('own-folder'))).toBe(5)
  })
})

describe('what a guest may have written to a raw base', () => {
  test('leads nowhere, where the base was taken for an overlay by its first bytes', async () => {
    makeOverlay(1, 'base', join(elsewhere, 'secret.raw'))
    makeOverlay(1, 'top', 'base')
    const error = await failure(firstByte(trusting('any')))
    expectError(error, 'chain/needs-consent', /base: it names .*secret\.raw/)
    const chain = await inspectChain(trusting('any'), join(folder, 'top'))
    expect(chain.layers.map((layer) => layer.format)).toEqual(['add-cow', 'add-cow'])
    expect(chain.problem?.code).toBe('chain/needs-consent')
  })

  test('nor by the name of an image file', async () => {
    makeOverlay(1, 'base', '', join(elsewhere, 'secret.raw'))
    makeOverlay(1, 'top', 'base')
    const error = await failure(firstByte(trusting('any')))
    expectError(error, 'chain/needs-consent', /base: it names .*secret\.raw/)
  })

  test('is followed where the format stands in the overlay above', async () => {
    makeOverlay(1, 'base', join(elsewhere, 'secret.raw'))
    makeOverlay(2, 'top', 'base')
    expect(await firstByte(trusting('any'))).toBe(0x73)
  })
})

describe('a format that is settled', () => {
  const QCOW2 = Buffer.from('QFI\xfb\0\0\0\x03', 'latin1')
  const settled = (): ReturnType<typeof machineHost> => {
    const formats = new Map([[join(folder, 'base'), 'raw' as const]])
    return machineHost({ files: 'own-folder', names: new Set(), formats })
  }
  beforeEach(() => {
    writeFileSync(join(folder, 'base'), Buffer.concat([QCOW2, Buffer.alloc(SIZE - 8)]))
  })

  test('stands instead of a guess, through links as well', async () => {
    symlinkSync(join(folder, 'base'), join(folder, 'link'))
    for (const name of ['base', 'link']) {
      makeOverlay(1, 'top', name)
      const { layers, problem } = await inspectChain(settled(), join(folder, 'top'))
      expect(problem).toBeUndefined()
      expect(layers[1]).toMatchObject({ format: 'raw', looksLike: 'qcow2' })
      expect(await firstByte(settled())).toBe(0x51)
    }
  })

  test('gives way to the one that an overlay states', async () => {
    makeOverlay(2, 'top', 'base')
    const { problem } = await inspectChain(settled(), join(folder, 'top'))
    expect(problem?.code).toBe('format/unrecognized')
  })

  test('does not let an overlay be made that hides it from others', async () => {
    const create = {
      kind: 'create',
      path: join(folder, 'new'),
      imageFile: 'new.raw',
      backingFile: 'base',
      backingFormat: 'raw',
    } as const
    const problems = async (format: 'add-cow' | 'acow'): Promise<readonly string[]> =>
      (await planJob(settled(), { ...create, format })).problems.map(({ code }) => code)
    expect(await problems('add-cow')).toEqual(['invalid-argument'])
    expect(await problems('acow')).toEqual([])
  })
})

test.each(['nbd://localhost:1/x', 'nbd+unix:///x?socket=/run/s'])(
  '%s is asked about, whatever else is trusted',
  async (uri) => {
    makeOverlay(2, 'top', uri)
    const error = await failure(firstByte(trusting('any')))
    expectError(error, 'chain/needs-consent', /on the network/)
    expect(error.details['target']).toBe(uri)
    expect((await failure(firstByte(trusting('any', uri)))).code).toBe('nbd/unreachable')
  },
)
