/*
 * A real process that makes two files is killed between the moments in which they get their names:
 * what it leaves is in nobody's way, and what is complete is never taken away.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { KIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { planJob, runJob } from '../../engine/job/jobs'
import type { JobRequest } from '../../engine/model/job'
import { diskContent, unwatched } from '../support/disks'
import { expectError, failure } from '../support/expect-error'
import { buildQcow2 } from '../support/qcow2-builder'
import { Random } from '../support/random'
import { describeNeeding, linux } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'

const SIZE = 64 * KIB
const SCRIPT = join(import.meta.dirname, '../support/kill-at-name.ts')

interface Given {
  /** To make `new.add-cow` and `new.raw`. */
  readonly request: JobRequest
  /** What the new overlay has to read as. */
  readonly content: Buffer
}

/** A qcow2 overlay on a raw base, to be imported. */
async function anImport(folder: string): Promise<Given> {
  const random = new Random(1)
  const clusters = ['data', 'none', 'zero', 'compressed', 'data'] as const
  const header = { version: 3, clusterBits: 12, size: SIZE, extended: false, snapshots: 0 } as const
  const backing = { name: 'base.raw', format: 'raw' }
  const { file } = buildQcow2({ ...header, clusters, backing }, random)
  const bytes = Buffer.alloc(file.length)
  file.read(bytes, 0)
  const path = join(folder, 'source.qcow2')
  writeFileSync(path, bytes)
  writeFileSync(join(folder, 'base.raw'), random.bytes(SIZE))
  const made = { target: join(folder, 'new.add-cow'), imageFile: 'new.raw' }
  return {
    request: { kind: 'import-overlay', path, ...made, format: 'acow', verify: true },
    content: await diskContent(nodeHost, path),
  }
}

/** An overlay, to be copied. */
async function aCopy(folder: string): Promise<Given> {
  const path = join(folder, 'source.add-cow')
  const names = { path, format: 'add-cow', imageFile: 'source.raw', size: SIZE } as const
  await runJob(nodeHost, { kind: 'create', ...names }, unwatched)
  const disk = await openDisk(nodeHost, path, { writable: true })
  await disk.write(new Random(2).bytes(20 * KIB), 4 * KIB)
  await disk.close()
  const made = { target: join(folder, 'new.add-cow'), targetImage: join(folder, 'new.raw') }
  return {
    request: { kind: 'move', path, ...made, copy: true, names: 'relative' },
    content: await diskContent(nodeHost, path),
  }
}

/** A new overlay on a raw base. */
function aCreate(folder: string): Promise<Given> {
  const content = new Random(3).bytes(SIZE)
  writeFileSync(join(folder, 'base.raw'), content)
  const names = { imageFile: 'new.raw', backingFile: 'base.raw', format: 'acow' } as const
  const request = { kind: 'create', path: join(folder, 'new.add-cow'), ...names } as const
  return Promise.resolve({ request, content: Buffer.from(content) })
}

async function killed(request: JobRequest, nth: number, when: 'before' | 'after'): Promise<void> {
  const words = ['--import', 'tsx', SCRIPT, JSON.stringify(request), String(nth), when]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] })
  expect(await once(child, 'close')).toEqual([null, 'SIGKILL'])
}

function newFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('new'))
}

describeNeeding([linux], 'killed between the names of two files', () => {
  describe.each([
    ['an import', anImport],
    ['a copy', aCopy],
    ['a create', aCreate],
  ])('%s', (_, make) => {
    test.each([
      { nth: 1, when: 'before', left: ['new.add-cow.part', 'new.raw.part'] },
      { nth: 1, when: 'after', left: ['new.add-cow.part', 'new.raw'] },
      { nth: 2, when: 'before', left: ['new.add-cow.part', 'new.raw'] },
    ] as const)('leaves what the next run takes away: $when $nth', async ({ nth, when, left }) => {
      const folder = temporaryFolder()
      const { request, content } = await make(folder)
      await killed(request, nth, when)
      expect(newFiles(folder).sort()).toEqual(left)
      expect((await planJob(nodeHost, request)).problems).toEqual([])
      expect(newFiles(folder).sort()).toEqual(left)
      await runJob(nodeHost, request, unwatched)
      expect(newFiles(folder).sort()).toEqual(['new.add-cow', 'new.raw'])
      expect((await diskContent(nodeHost, join(folder, 'new.add-cow'))).equals(content)).toBe(true)
    })

    test('leaves a whole overlay behind the last name, which nobody takes away', async () => {
      const folder = temporaryFolder()
      const { request, content } = await make(folder)
      await killed(request, 2, 'after')
      const again = async (): Promise<void> => {
        expectError(await failure(runJob(nodeHost, request, unwatched)), 'file/exists', /new\./)
      }
      await again()
      const kept = join(folder, 'kept.add-cow')
      renameSync(join(folder, 'new.add-cow'), kept)
      await again()
      expect((await diskContent(nodeHost, kept)).equals(content)).toBe(true)
    })
  })
})
