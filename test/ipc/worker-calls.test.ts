import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { appendFile, rename, rm, truncate } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { findProgram } from '../../build/system/packages'
import { findFiles } from '../../electron/worker/find-files'
import { limitRate } from '../../electron/worker/limit-rate'
import { makeSample } from '../../electron/worker/sample/make-sample'
import { scanImage } from '../../electron/worker/scan-image'
import { signatureOf } from '../../electron/worker/signature'
import { type JobProgress, nodeHost, openDisk } from '../../engine'
import { describeNeeding, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'

let folder: string
beforeEach(() => {
  folder = temporaryFolder()
})

describe('the files that a person points at', () => {
  const names = (found: Awaited<ReturnType<typeof findFiles>>): string[] =>
    found.files.map((file) => basename(file.path))

  test('are taken as they are; of a folder, what is called like an image', async () => {
    for (const name of ['b.raw', 'a.add-cow', 'c.IMG', 'notes.txt']) {
      writeFileSync(join(folder, name), '')
    }
    mkdirSync(join(folder, 'below.raw'))
    expect(names(await findFiles([folder]))).toEqual(['a.add-cow', 'b.raw', 'c.IMG'])
    expect(names(await findFiles([join(folder, 'notes.txt')]))).toEqual(['notes.txt'])
  })

  test('are one where two names lead to the same file', async () => {
    writeFileSync(join(folder, 'a.raw'), '')
    symlinkSync(join(folder, 'a.raw'), join(folder, 'link.raw'))
    const { files } = await findFiles([folder, join(folder, 'link.raw')])
    expect(files.map((file) => [basename(file.path), file.inFolder])).toEqual([['a.raw', false]])
  })

  test('that are not there are refused by name, and the rest is found', async () => {
    writeFileSync(join(folder, 'a.raw'), '')
    const gone = join(folder, 'gone.raw')
    const found = await findFiles([gone, join(folder, 'a.raw')])
    expect(names(found)).toEqual(['a.raw'])
    expect(found.refused).toMatchObject([
      { path: gone, error: { code: 'file/missing', details: { path: gone } } },
    ])
  })
})

describe('the signature of files', () => {
  test('differs after any of them changed, was replaced, or went', async () => {
    const files = ['a', 'b'].map((name) => join(folder, name))
    for (const file of files) writeFileSync(file, 'x')
    const [a = '', b = ''] = files
    const seen = new Set([await signatureOf(files)])
    expect(await signatureOf(files)).toBe([...seen][0])
    const changes = [
      () => appendFile(a, 'y'),
      () => rm(b),
      () => rename(a, b),
      () => truncate(b, 0),
    ]
    for (const change of changes) {
      await change()
      const now = await signatureOf(files)
      expect(seen).not.toContain(now)
      seen.add(now)
    }
  })
})

describe('progress', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('goes out ten times a second, whatever comes, with both ends of each phase', () => {
    const passed: JobProgress[] = []
    const report = limitRate(100, (progress) => passed.push(progress))
    for (const phase of ['copying', 'verifying'] as const) {
      for (let current = 0; current <= 10_000; current += 1) {
        report({ phase, current, total: 10_000 })
        vi.advanceTimersByTime(0.1)
      }
      const own = passed.filter((progress) => progress.phase === phase)
      expect(own[0]?.current).toBe(0)
      expect(own.at(-1)?.current).toBe(10_000)
      expect(own.length).toBeLessThanOrEqual(12)
      expect(own.length).toBeGreaterThanOrEqual(10)
    }
  })
})

describe('the sample disk', () => {
  const textIn = async (path: string): Promise<string> => {
    const disk = await openDisk(nodeHost, path, { writable: false })
    try {
      const start = new Uint8Array(4 * 1024 * 1024)
      await disk.read(start, 0)
      return Buffer.from(start).toString('latin1')
    } finally {
      await disk.close()
    }
  }

  test('is a disk that explains itself, and an overlay that has changed it', async () => {
    const { base, overlay } = await makeSample(nodeHost, folder)
    expect(await textIn(base)).toContain('This disk is the base.')
    const changed = await textIn(overlay)
    expect(changed).toContain('This disk is an overlay.')
    expect(changed).not.toContain('This disk is the base.')
    expect(await textIn(base)).not.toContain('This disk is an overlay.')

    const { chain } = await scanImage(nodeHost, overlay, undefined)
    const [top, below] = chain.layers
    expect(chain.problem).toBeUndefined()
    expect(top?.backing?.name).toBe('base.raw')
    expect(top?.imageFile?.name).toBe('overlay.raw')
    expect(top?.allocatedBytes).toBeGreaterThan(1_000_000)
    expect(top?.allocatedBytes).toBeLessThan(4_000_000)
    expect(below?.virtualSize).toBe(64 * 1024 * 1024)
  })

  test('never touches one that is there', async () => {
    const first = await makeSample(nodeHost, folder)
    writeFileSync(first.base, 'mine now')
    const second = await makeSample(nodeHost, folder)
    expect(readFileSync(first.base, 'utf8')).toBe('mine now')
    expect(readdirSync(folder).sort()).toEqual(['sample', 'sample 2'])
    expect(second.base).toContain('sample 2')
  })

  test('says where it could not be made', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    await expect(makeSample(nodeHost, join(file, 'x'))).rejects.toMatchObject({
      code: 'file/missing',
      details: { path: join(file, 'x') },
    })
  })
})

describeNeeding(program('qemu-img'), 'a qcow2 image whose data is in another file', () => {
  test('is known by that file too', async () => {
    const path = join(folder, 'x.qcow2')
    const dataFile = join(folder, 'x.data')
    const options = ['-o', `data_file=${dataFile}`, path, '1M']
    execFileSync(findProgram('qemu-img') ?? '', ['create', '-q', '-f', 'qcow2', ...options])
    const { filesBelow, signature } = await scanImage(nodeHost, path, undefined)
    expect(filesBelow).toEqual([dataFile])
    expect(signature).toBe(await signatureOf([path, dataFile]))
  })
})

describeNeeding(program('fsck.fat'), 'the file system of the sample disk', () => {
  const PARTITION_MIB = 1

  test('is sound in the base and in the overlay', async () => {
    const { base, overlay } = await makeSample(nodeHost, folder)
    for (const path of [base, overlay]) {
      const partition = join(folder, 'partition.img')
      const disk = await openDisk(nodeHost, path, { writable: false })
      const content = new Uint8Array(disk.size - PARTITION_MIB * 1024 * 1024)
      await disk.read(content, PARTITION_MIB * 1024 * 1024)
      await disk.close()
      writeFileSync(partition, content)
      const said = execFileSync(findProgram('fsck.fat') ?? '', ['-n', '-v', partition], {
        encoding: 'utf8',
      })
      expect(said).toMatch(/(8|9) files, \d+\/32184 clusters/)
    }
  })
})

describe('a scan', () => {
  test('tells all files of the chain with links followed, and knows the base again', async () => {
    const { base, overlay } = await makeSample(nodeHost, folder)
    symlinkSync(join(folder, 'sample'), join(folder, 'link'))
    const found = await scanImage(nodeHost, join(folder, 'link', 'overlay.add-cow'), undefined)
    const imagePath = join(folder, 'sample', 'overlay.raw')
    expect(found).toMatchObject({
      ...{ layerPaths: [overlay, base], imagePath, backingPath: base, filesBelow: [base] },
      signature: await signatureOf([overlay, imagePath, base]),
      base: { format: 'raw', fingerprint: { size: 64 * 1024 * 1024 } },
    })
    const again = await scanImage(nodeHost, overlay, found.base)
    expect(again.base).toBe(found.base)

    await appendFile(base, new Uint8Array(512))
    const grown = await scanImage(nodeHost, overlay, found.base)
    expect(grown.base?.fingerprint.size).toBe(64 * 1024 * 1024 + 512)
    expect(grown.base).not.toEqual(found.base)
  })

  test('of an overlay without its base still tells where that was', async () => {
    const { base, overlay } = await makeSample(nodeHost, folder)
    await rm(base)
    const found = await scanImage(nodeHost, overlay, undefined)
    expect(found.chain.problem?.code).toBe('chain/backing-missing')
    expect(found).toMatchObject({ layerPaths: [overlay], backingPath: base, filesBelow: [base] })
    expect(found).not.toHaveProperty('base')
  })

  test('of what is not there fails', async () => {
    await expect(scanImage(nodeHost, join(folder, 'x'), undefined)).rejects.toMatchObject({
      code: 'file/missing',
    })
  })
})
