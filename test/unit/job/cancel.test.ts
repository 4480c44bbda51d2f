import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { MIB } from '../../../engine/base/units'
import { HEADER_SIZE, encodeHeader, fileLength } from '../../../engine/format/add-cow/header'
import { nodeHost } from '../../../engine/host/node-host'
import { runJob } from '../../../engine/job/jobs'
import { temporaryFolder } from '../../support/temporary-folder'

/** Reports come every 64 MiB; nothing has to be waited for, so only the job itself can give way. */
test('a cancel is heard in the middle of a check that never has to wait', async () => {
  const folder = temporaryFolder()
  const size = 130 * MIB
  const metadata = new Uint8Array(fileLength(size)).fill(0x55, HEADER_SIZE)
  metadata.set(encodeHeader({ backingName: '', imageName: 'i.raw', size }))
  const path = join(folder, 'x.add-cow')
  writeFileSync(path, metadata)
  writeFileSync(join(folder, 'i.raw'), '')
  truncateSync(join(folder, 'i.raw'), size)

  const controller = new AbortController()
  const reported: number[] = []
  const report = ({ current }: { readonly current: number }): void => {
    reported.push(current)
    setImmediate(() => {
      controller.abort()
    })
  }
  const job = runJob(
    nodeHost,
    { kind: 'check', path, repair: 'none' },
    { signal: controller.signal, report },
  )
  await expect(job).rejects.toMatchObject({ code: 'job/cancelled', state: 'unchanged' })
  expect(reported.at(-1)).toBeLessThan(size)
})

test('a check that rests does nothing, and a cancel ends it there', async () => {
  const folder = temporaryFolder()
  const size = 300 * MIB
  const path = join(folder, 'x.add-cow')
  const metadata = new Uint8Array(fileLength(size))
  metadata.set(encodeHeader({ backingName: '', imageName: 'i.raw', size }))
  writeFileSync(path, metadata)
  writeFileSync(join(folder, 'i.raw'), Buffer.alloc(512 * MIB).subarray(0, size))

  const controller = new AbortController()
  let goOn = (): void => undefined
  const reported: number[] = []
  const job = runJob(
    nodeHost,
    { kind: 'check', path, repair: 'none' },
    {
      signal: controller.signal,
      report: ({ current }) => reported.push(current),
      paused: () => new Promise<void>((resolve) => (goOn = resolve)),
    },
  )
  const ended = expect(job).rejects.toMatchObject({ code: 'job/cancelled', state: 'unchanged' })
  await vi.waitFor(() => expect(reported).toHaveLength(1))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(reported).toHaveLength(1)
  controller.abort()
  goOn()
  await ended
  expect(reported).toHaveLength(1)
})
