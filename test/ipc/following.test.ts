/*
 * The library keeps up with real files in real folders, from the moment in which it scanned them.
 */
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { AgreedNames } from '../../electron/main/agreed-names'
import { type LibraryParts, createLibrary } from '../../electron/main/library'
import { TrustLog } from '../../electron/main/trust-log'
import { encodeHeader } from '../../engine/format/add-cow/header'
import { describeNeeding, linux } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { engineHere } from './support/engine-here'
import { silentLog } from './support/silent-log'

let folder: string
let disks: string
let agreed: AgreedNames
let parts: LibraryParts

beforeEach(async () => {
  folder = temporaryFolder()
  disks = join(folder, 'disks')
  await mkdir(disks)
  for (const name of ['a.raw', 'b.raw']) await writeFile(join(disks, name), Buffer.alloc(4096))
  const nothing = (): void => undefined
  const trust = new TrustLog()
  agreed = new AgreedNames([], (names) => trust.setAgreed(names))
  parts = createLibrary({
    ...{ records: [], folders: { folders: [], leftOut: [] }, trust },
    ...{ agreed, engine: engineHere(trust) },
    ...{ onChange: nothing, onRecordsChange: nothing, onFoldersChange: nothing, log: silentLog },
  })
})
afterEach(() => parts.watcher.close())

const states = (): Readonly<Record<string, string>> =>
  Object.fromEntries(parts.library.summaries().map(({ name, state }) => [name, state]))

async function add(...names: string[]): Promise<void> {
  const { refused } = await parts.adder.add(names.map((name) => join(disks, name)))
  expect(refused).toEqual([])
}

/** The watch is there, and has told nothing for a while that it was opened with. */
async function watched(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1000))
}

describe('a file that was added just now', () => {
  test('is known to be gone, and no other', async () => {
    await add('a.raw', 'b.raw')
    await rm(join(disks, 'a.raw'))
    await expect.poll(states, { timeout: 5000 }).toEqual({ 'a.raw': 'missing', 'b.raw': 'ok' })
  })

  test('is known to be another one', async () => {
    await add('a.raw')
    await appendFile(join(disks, 'a.raw'), Buffer.alloc(4096))
    const size = (): unknown => parts.library.summaries()[0]?.virtualSize
    await expect.poll(size, { timeout: 5000 }).toBe(8192)
  })

  test('is known to be gone with its folder', async () => {
    await add('a.raw', 'b.raw')
    await rm(disks, { recursive: true })
    const gone = { 'a.raw': 'missing', 'b.raw': 'missing' }
    await expect.poll(states, { timeout: 5000 }).toEqual(gone)
  })
})

describeNeeding([linux], 'a folder that is watched', () => {
  beforeEach(async () => {
    await add('a.raw', 'b.raw')
    await watched()
  })

  test('is known to be removed', async () => {
    await rm(disks, { recursive: true })
    const gone = { 'a.raw': 'missing', 'b.raw': 'missing' }
    await expect.poll(states, { timeout: 5000 }).toEqual(gone)
  })

  test('is known to be renamed, and watched again when it is back', async () => {
    await rename(disks, join(folder, 'away'))
    const gone = { 'a.raw': 'missing', 'b.raw': 'missing' }
    await expect.poll(states, { timeout: 5000 }).toEqual(gone)
    await rename(join(folder, 'away'), disks)
    parts.follow()
    await expect.poll(states, { timeout: 5000 }).toEqual({ 'a.raw': 'ok', 'b.raw': 'ok' })
    await rm(join(disks, 'a.raw'))
    await expect.poll(states, { timeout: 5000 }).toEqual({ 'a.raw': 'missing', 'b.raw': 'ok' })
  })

  test('is known to be another one, which is watched from then on', async () => {
    await mkdir(join(folder, 'new'))
    await writeFile(join(folder, 'new', 'a.raw'), Buffer.alloc(4096))
    await rename(disks, join(folder, 'old'))
    await rename(join(folder, 'new'), disks)
    await expect.poll(states, { timeout: 5000 }).toEqual({ 'a.raw': 'ok', 'b.raw': 'missing' })
    await rm(join(disks, 'a.raw'))
    const gone = { 'a.raw': 'missing', 'b.raw': 'missing' }
    await expect.poll(states, { timeout: 5000 }).toEqual(gone)
  })
})

test('who names what was allowed asks again once that is withdrawn', async () => {
  const elsewhere = temporaryFolder()
  const base = join(elsewhere, 'base.raw')
  await writeFile(base, Buffer.alloc(4096))
  const header = encodeHeader({ backingName: base, imageName: 'x.raw', size: 4096 })
  await writeFile(join(disks, 'x.add-cow'), Buffer.concat([header, Buffer.alloc(1)]))
  await writeFile(join(disks, 'x.raw'), Buffer.alloc(4096))
  await add('x.add-cow', 'a.raw')
  const asks = { 'x.add-cow': 'needs-consent', 'a.raw': 'ok' }
  expect(states()).toEqual(asks)
  agreed.agree(base)
  parts.scanner.request(parts.library.waitingFor([base]))
  await expect.poll(states, { timeout: 5000 }).toEqual({ 'x.add-cow': 'ok', 'a.raw': 'ok' })
  agreed.withdraw(base)
  parts.scanner.request(parts.library.naming())
  await expect.poll(states, { timeout: 5000 }).toEqual(asks)
})
