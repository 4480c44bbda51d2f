import { expect, it } from 'vitest'
import { encodeHeader } from '../../engine/format/add-cow/header'
import { runJob } from '../../engine/job/jobs'
import type { JobResult } from '../../engine/model/job'
import { fileSystem } from '../support/host-log'
import { SimulatedHost } from '../support/simulated-host'

/** What the fuzzer once found, as small as it goes. */

async function check(host: SimulatedHost, repair: 'none' | 'leaks' | 'all'): Promise<JobResult> {
  const control = { signal: new AbortController().signal, report: () => undefined }
  return await runJob(host, { kind: 'check', path: '/d/x.add-cow', repair }, control)
}

/** An overlay whose image file is its own backing file, too short for the one sector allocated. */
function ownBase(): { host: SimulatedHost; content: Uint8Array } {
  const content = new Uint8Array(8192 + 511).fill(7)
  const names = { backingName: 'x.raw', imageName: 'x.raw' }
  const metadata = new Uint8Array(2560 + 8)
  metadata.set(encodeHeader({ ...names, size: 64 * 512 }))
  metadata[2560 + 7] = 0x80
  return {
    host: new SimulatedHost(fileSystem({ '/d/x.add-cow': metadata, '/d/x.raw': content })),
    content,
  }
}

it.each(['leaks', 'all'] as const)(
  'repairs nothing (%s) in an image file that is its own backing file',
  async (repair) => {
    const { host, content } = ownBase()
    await check(host, repair)
    expect(host.bytesAt('/d/x.raw')?.toBytes()).toEqual(content)
  },
)

it('does not call data a leak that is read through the backing file name', async () => {
  const { check: result } = await check(ownBase().host, 'none')
  const codes = result?.findings.map(({ code }) => code)
  expect(codes).toContain('same-file')
  expect(codes).not.toContain('data-unallocated')
})
