import { randomFillSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Host } from '../../engine/host/host'
import { nodeHost } from '../../engine/host/node-host'
import { runJob } from '../../engine/job/jobs'
import type { OverlayFormat } from '../../engine/model/image'
import { type NbdEvent, type NbdExport, serveDisk } from '../../engine/server/nbd-export'
import { temporaryFolder } from './temporary-folder'

export const idle = { signal: new AbortController().signal, report: () => undefined }

/** A folder with a base of random bytes and an empty overlay on it, `x.add-cow` and `x.raw`. */
export async function makeServedFiles(
  size: number,
  format: OverlayFormat = 'add-cow',
  baseSize = size,
): Promise<{ folder: string; base: Buffer }> {
  const folder = temporaryFolder()
  const base = randomFillSync(Buffer.alloc(baseSize))
  writeFileSync(join(folder, 'base.raw'), base)
  const overlay = { path: join(folder, 'x.add-cow'), imageFile: 'x.raw', size }
  const request = { kind: 'create', format, backingFile: 'base.raw', ...overlay } as const
  await runJob(nodeHost, request, idle)
  return { folder, base }
}

export interface Served {
  readonly nbd: NbdExport
  readonly socket: string
  readonly events: NbdEvent[]
}

/** Serves a file of a folder on a socket beside it, until the test has ended. */
export async function serve(
  folder: string,
  options: { file?: string; readOnly?: boolean; host?: Host } = {},
): Promise<Served> {
  const { file = 'x.add-cow', readOnly = false, host = nodeHost } = options
  const socket = join(folder, 's')
  const events: NbdEvent[] = []
  const nbd = await serveDisk(host, {
    path: join(folder, file),
    readOnly,
    address: { kind: 'socket', path: socket },
    onEvent: (event) => events.push(event),
  })
  onTestFinished(async () => {
    await nbd.close().catch(() => undefined)
  })
  return { nbd, socket, events }
}
