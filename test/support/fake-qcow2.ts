import type { ImageDetails, ImageSummary } from '../../electron/contract/library'
import { GIB, MIB } from '../../engine/base/units'
import type { Qcow2Info, SnapshotInfo } from '../../engine/model/image'
import { NOW, overlay, rawImage } from './fake-library'

const DAY = 86_400_000

/** A qcow2 image, on a base where one is given. */
export function qcow2Image(
  id: string,
  name: string,
  base?: ImageSummary,
  part: Partial<ImageSummary> = {},
): ImageSummary {
  return {
    ...rawImage(id, name),
    format: 'qcow2',
    sizeOnDisk: 1.4 * GIB,
    allocatedBytes: 1.3 * GIB,
    ...(base && { baseName: `${base.directory}/${base.name}`, baseId: base.id }),
    ...part,
  }
}

function snapshot(index: number, part: Partial<SnapshotInfo>): SnapshotInfo {
  return {
    id: String(index + 1),
    name: `snapshot ${String(index + 1)}`,
    takenAt: NOW - (20 - index) * DAY,
    takenNanoseconds: 0,
    clockNanoseconds: 3e12,
    stateSize: 0,
    virtualSize: 20 * GIB,
    ...part,
  }
}

/** What the header of an ordinary qcow2 image of today says. */
export const QCOW2_INFO: Qcow2Info = {
  version: 3,
  compression: 'zlib',
  refcountBits: 16,
  lazyRefcounts: false,
  extendedL2: false,
  dirty: false,
  corrupt: false,
  snapshots: [],
}

/** One with all that a header can say. */
export const RICH_QCOW2_INFO: Qcow2Info = {
  ...QCOW2_INFO,
  compression: 'zstd',
  refcountBits: 64,
  lazyRefcounts: true,
  extendedL2: true,
  dirty: true,
  corrupt: true,
  dataFile: { name: 'appliance.data', path: '/srv/images/appliance.data', raw: true },
  snapshots: [
    snapshot(0, { name: 'fresh install' }),
    snapshot(1, { name: 'before the upgrade of the database to version 17', stateSize: 812 * MIB }),
    snapshot(2, { name: '' }),
  ],
}

/** Details whose top says something else of itself. */
export function withQcow2(details: ImageDetails, qcow2: Qcow2Info): Pick<ImageDetails, 'chain'> {
  const { chain } = details
  const layers = chain.layers.map((layer) => (layer.depth === 0 ? { ...layer, qcow2 } : layer))
  return { chain: { ...chain, layers } }
}

/** Images of formats that are only read, an overlay on one, and one to be exported. */
export function readOnlyLibrary(): ImageSummary[] {
  const debian = rawImage('debian', 'debian-12-server.raw', { usedBy: 2 })
  const cloud = qcow2Image('cloud', 'debian-12-generic-amd64.qcow2', undefined, { usedBy: 1 })
  return [
    debian,
    cloud,
    overlay('on-cloud', 'test-vm.add-cow', cloud),
    qcow2Image('web', 'web.qcow2', debian),
    qcow2Image('appliance', 'appliance.qcow2', debian, { state: 'needs-check' }),
    overlay('vm', 'vm.add-cow', debian, { usedBy: 1 }),
    overlay('stacked', 'experiment.add-cow', 'vm.add-cow', { baseId: 'vm' }),
    { ...rawImage('vmdk', 'windows-11.vmdk'), format: 'vmdk' },
  ]
}
