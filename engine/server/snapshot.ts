import * as path from 'node:path'
import { EngineError } from '../base/errors'
import { isAligned, SECTOR_SIZE } from '../base/units'
import { openLayer } from '../format/registry'
import type { Layer } from '../format/layer'
import type { Host } from '../host/host'
import { MAX_CHAIN_LAYERS } from '../image/chain'
import { Disk } from '../image/disk'
import { lockForWriting } from '../image/locks'
import { runJob } from '../job/jobs'
import type { OverlayFormat } from '../model/image'
import type { LiveDisk } from './live-disk'

/** The overlay that goes on top of a disk in use. Both files are new; names as in CreateRequest. */
export interface SnapshotRequest {
  /** The new add-cow file. Absolute. */
  readonly path: string
  readonly imageFile: string
  readonly format: OverlayFormat
  /** Only for acow: bytes, as for CreateRequest. */
  readonly clusterSize?: number
}

/**
 * Makes a new overlay on top of a disk and goes on with that, while clients are connected: what was
 * answered before is durable in the layers below, what is begun later goes to the new top. Returns
 * the layer that was the top before; its files are still locked for writing.
 *
 * Errors: those of the create job; `not-supported` for a disk that cannot have an overlay;
 * `chain/too-deep`. Where it fails, the new files are gone and the disk is served as before.
 */
export async function takeSnapshot(
  host: Host,
  live: LiveDisk,
  request: SnapshotRequest,
): Promise<Layer> {
  refuseUnfit(live.disk)
  const { top } = live.disk
  await makeOverlay(host, top, request)
  try {
    return await live.alone(async (disk) => {
      if (disk.top !== top) throw changed(top.path)
      await disk.flush()
      const layer = await openTop(host, request)
      live.replace(new Disk([layer, ...disk.layers], true))
      return top
    })
  } catch (error) {
    await removeOverlay(host, request)
    throw error
  }
}

function refuseUnfit(disk: Disk): void {
  const { size, top, layers, writable } = disk
  if (!writable) {
    const message = `${top.path} is served for reading only: a snapshot would never be written to`
    throw new EngineError('read-only', message, { path: top.path }, { state: 'unchanged' })
  }
  if (!isAligned(size, SECTOR_SIZE)) {
    const message = `${top.path} ends within a sector, which an overlay cannot`
    throw new EngineError('not-supported', message, { path: top.path }, { state: 'unchanged' })
  }
  if (layers.length < MAX_CHAIN_LAYERS) return
  const message = `The chain of ${top.path} has ${MAX_CHAIN_LAYERS} layers: no more are possible`
  throw new EngineError('chain/too-deep', message, { path: top.path }, { state: 'unchanged' })
}

function changed(topPath: string): EngineError {
  const message = `Another snapshot of ${topPath} was taken meanwhile`
  return new EngineError('in-use', message, { path: topPath }, { state: 'unchanged' })
}

async function makeOverlay(host: Host, base: Layer, request: SnapshotRequest): Promise<void> {
  const beside = path.dirname(base.path) === path.dirname(request.path)
  const backing = {
    backingFile: beside ? path.basename(base.path) : base.path,
    backingFormat: base.format,
  }
  const control = { signal: new AbortController().signal, report: () => undefined }
  await runJob(host, { kind: 'create', ...request, ...backing }, control)
}

async function openTop(host: Host, { path: filePath, format }: SnapshotRequest): Promise<Layer> {
  const layer = await openLayer(host, filePath, format, { access: 'write' })
  try {
    lockForWriting([layer])
    return layer
  } catch (error) {
    await layer.close()
    throw error
  }
}

/** What cannot be removed stays: the failure that led here is the one to tell. */
async function removeOverlay(host: Host, request: SnapshotRequest): Promise<void> {
  const image = path.resolve(path.dirname(request.path), request.imageFile)
  for (const name of [request.path, image]) await host.remove(name).catch(() => undefined)
}
