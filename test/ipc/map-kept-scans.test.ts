import { appendFileSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { KeptScans } from '../../electron/worker/kept-scans'
import { nodeHost, runJob } from '../../engine'
import { MIB } from '../../engine/base/units'
import { temporaryFolder } from '../support/temporary-folder'

let folder: string
let top: string
let scans: KeptScans

beforeEach(async () => {
  folder = temporaryFolder()
  writeFileSync(join(folder, 'base.raw'), new Uint8Array(MIB))
  top = join(folder, 'top.add-cow')
  const request = { kind: 'create', path: top, format: 'add-cow', imageFile: 'top.raw' } as const
  const control = { signal: new AbortController().signal, report: () => undefined }
  await runJob(nodeHost, { ...request, backingFile: 'base.raw' }, control)
  scans = new KeptScans()
})

test('a scan is shown again for as long as no file of the chain changes', async () => {
  const found = await scans.scan(nodeHost, top)
  expect(await scans.look(nodeHost, top)).toBe(found)
  for (const name of ['base.raw', 'top.raw', 'top.add-cow']) {
    const before = await scans.look(nodeHost, top)
    appendFileSync(join(folder, name), 'x')
    const after = await scans.look(nodeHost, top)
    expect(after).not.toBe(before)
    expect(await scans.look(nodeHost, top)).toBe(after)
  }
})

test('who asks for a scan gets one', async () => {
  const found = await scans.scan(nodeHost, top)
  expect(await scans.scan(nodeHost, top)).not.toBe(found)
})

test('a chain that was not whole is looked at anew each time', async () => {
  const base = join(folder, 'base.raw')
  await rename(base, `${base}.away`)
  const broken = await scans.scan(nodeHost, top)
  expect(broken.chain.problem?.code).toBe('chain/backing-missing')
  expect(await scans.look(nodeHost, top)).not.toBe(broken)
  await rename(`${base}.away`, base)
  expect((await scans.look(nodeHost, top)).chain.problem).toBeUndefined()
})
