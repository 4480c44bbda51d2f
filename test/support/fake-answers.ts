import type { WindowJobPlan, WindowJobRequest } from '../../electron/contract/jobs'
import type { ImageDetails, ImageId, ImageSummary } from '../../electron/contract/library'
import { EngineError } from '../../engine/base/errors'
import { GIB, MIB, SECTOR_SIZE } from '../../engine/base/units'
import type { DiskContent } from '../../engine/model/content'
import { EXTERNAL_FORMATS, type FormatName, type LayerInfo } from '../../engine/model/image'
import type { PlannedFile } from '../../engine/model/job'
import { QCOW2_INFO } from './fake-qcow2'

type Images = ReadonlyMap<ImageId, ImageSummary>

function pathOf(image: ImageSummary): string {
  return `${image.directory}/${image.name}`
}

function isExternal(format: FormatName): boolean {
  return EXTERNAL_FORMATS.some((external) => external === format)
}

function layerOf(images: Images, image: ImageSummary, depth: number): LayerInfo {
  const base = images.get(image.baseId ?? '')
  const stem = image.name.replace(/\.[^.]*$/, '')
  const virtualSize = image.virtualSize ?? 0
  const common = {
    path: pathOf(image),
    format: image.format ?? 'raw',
    clusterSize: SECTOR_SIZE,
    modifiedAt: image.modifiedAt ?? 0,
    depth,
    virtualSize,
    sizeOnDisk: image.sizeOnDisk ?? 0,
    allocatedBytes: image.allocatedBytes ?? virtualSize,
  }
  if (common.format === 'raw') return common
  const imageName = `${stem}.raw`
  const backingPath = base === undefined ? image.baseName : pathOf(base)
  const backing =
    image.baseName === undefined
      ? {}
      : { backing: { name: image.baseName, path: backingPath ?? '', format: 'raw' } }
  if (common.format === 'qcow2')
    return { ...common, clusterSize: 65_536, ...backing, qcow2: QCOW2_INFO }
  if (isExternal(common.format)) return common
  const imageFile = { name: imageName, path: `${image.directory}/${imageName}`, size: virtualSize }
  return { ...common, imageFile, ...backing }
}

/** What each layer serves if what a layer has hides as much of what lies below as chance has it. */
function withShares(layers: readonly LayerInfo[]): LayerInfo[] {
  let left = layers[0]?.virtualSize ?? 0
  return layers.map((layer) => {
    const share = layer.virtualSize === 0 ? 0 : layer.allocatedBytes / layer.virtualSize
    const servedBytes = Math.round(left * Math.min(1, layer.format === 'raw' ? 0.92 : share))
    left -= servedBytes
    return { ...layer, servedBytes }
  })
}

/** The details of an image, its chain followed through the library. */
export function detailsOf(images: Images, id: ImageId): ImageDetails {
  const top = images.get(id)
  if (top === undefined)
    throw new EngineError('invalid-argument', `There is no image ${id}`, { field: 'id' })
  const chain: ImageSummary[] = []
  for (
    let at: ImageSummary | undefined = top;
    at !== undefined && !chain.includes(at) && chain.length < 250;
    at = images.get(at.baseId ?? '')
  )
    chain.push(at)

  const infos = chain.map((image, depth) => layerOf(images, image, depth))
  const broken = top.problem
  return {
    id,
    path: pathOf(top),
    chain:
      broken === undefined ? { layers: withShares(infos) } : { layers: infos, problem: broken },
    layers: chain.map((image) => ({ id: image.id, usedBy: image.usedBy })),
    ...(broken === undefined && { content: serverDisk() }),
  }
}

/** A server's disk: something to boot from, a root, a volume group, and a partition of no kind. */
function serverDisk(): DiskContent {
  const typeId = '0FC63DAF-8483-4772-8E79-3D69D8477DE4'
  const linux = { typeId, typeName: 'Linux file system' }
  return {
    table: {
      type: 'gpt',
      id: '5D3C5DDC-6F3F-4A1C-9F0B-6A7C1B7F2A11',
      problems: ['primary-damaged'],
      partitions: [
        {
          number: 1,
          offset: MIB,
          length: 512 * MIB,
          typeId: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
          typeName: 'EFI system',
          name: 'EFI System Partition',
          fileSystem: { type: 'fat32', uuid: '3E2A-91C0', size: 512 * MIB, used: 6 * MIB },
        },
        {
          ...{ number: 2, offset: 513 * MIB, length: 12 * GIB, ...linux },
          fileSystem: {
            type: 'ext4',
            label: 'root of a machine with a rather long label',
            uuid: '7b0f2f6a-0c6e-4a36-9a44-1f3a0c9d6d11',
            size: 12 * GIB,
            used: Math.round(9.4 * GIB),
          },
        },
        {
          ...{ number: 3, offset: 13 * GIB, length: 6 * GIB, ...linux },
          fileSystem: { type: 'lvm', label: 'vg-data', size: 6 * GIB },
        },
        { number: 4, offset: 19 * GIB, length: 900 * MIB, typeId: '00' },
      ],
    },
  }
}

function filesOf(image: ImageSummary, action: 'read' | 'write'): PlannedFile[] {
  const stem = image.name.replace(/\.[^.]*$/, '')
  const own: PlannedFile[] = [
    { path: pathOf(image), role: 'add-cow', action },
    { path: `${image.directory}/${stem}.raw`, role: 'image', action },
  ]
  return image.baseName === undefined
    ? own
    : [...own, { path: image.baseName, role: 'backing', action: 'read' }]
}

function named(images: readonly ImageSummary[]): NonNullable<WindowJobPlan['affected']> {
  return images.map((image) => ({ id: image.id, path: pathOf(image) }))
}

/** A plan such as the engine would make where nothing is in the way. */
export function planOf(
  request: WindowJobRequest,
  image: ImageSummary,
  images: Images,
): WindowJobPlan {
  const virtualSize = image.virtualSize ?? 0
  const copied = virtualSize - (image.allocatedBytes ?? 0)
  const common = { problems: [], warnings: [], spaceFree: 182 * 1024 ** 3 }
  const path = pathOf(image)
  switch (request.kind) {
    case 'create': {
      const target = `${image.directory}/${request.name}`
      return {
        ...common,
        kind: 'create',
        files: [
          { path: target, role: 'add-cow', action: 'create' },
          { path: `${image.directory}/${request.imageFileName}`, role: 'image', action: 'create' },
          { path, role: 'backing', action: 'read' },
        ],
        bytesToCopy: 0,
        spaceNeeded: Math.ceil(virtualSize / 4096) + 2560,
        commandLine:
          `add-cow-img create -f add-cow -o backing_file=${image.name},` +
          `image_file=${request.imageFileName} ${target}`,
        sizeAfter: request.size ?? virtualSize,
      }
    }
    case 'resize':
      return {
        ...common,
        kind: 'resize',
        files: filesOf(image, 'write'),
        bytesToCopy: 0,
        spaceNeeded: 0,
        commandLine:
          `add-cow-img resize ${request.shrink ? '--shrink ' : ''}` + `${path} ${request.size}`,
        sizeBefore: virtualSize,
        sizeAfter: request.size,
        ...(request.size < virtualSize
          ? {
              lostBytes: Math.max(0, Math.round(virtualSize * 0.8) - request.size),
              lastAllocatedEnd: Math.round(virtualSize * 0.8),
            }
          : {}),
      }
    case 'check':
      return {
        ...common,
        kind: 'check',
        files: filesOf(image, request.repair === 'none' ? 'read' : 'write'),
        bytesToCopy: 0,
        spaceNeeded: 0,
        commandLine: `add-cow-img check ${path}`,
      }
    case 'flatten':
      return {
        ...common,
        kind: 'flatten',
        files: filesOf(image, 'write'),
        bytesToCopy: copied,
        spaceNeeded: copied,
        commandLine: `add-cow-img flatten ${request.verify ? '--verify ' : ''}${path}`,
        sizeAfter: virtualSize,
        affected: named([...images.values()].filter(({ baseId }) => baseId === image.id)),
      }
    case 'commit':
      return {
        ...common,
        kind: 'commit',
        files: filesOf(image, 'write').map((file) => ({ ...file, action: 'write' })),
        bytesToCopy: image.allocatedBytes ?? 0,
        spaceNeeded: Math.round((image.allocatedBytes ?? 0) * 0.7),
        spaceFreed: image.sizeOnDisk ?? 0,
        commandLine: `add-cow-img commit ${request.verify ? '--verify ' : ''}${path}`,
        affected: named(
          [...images.values()].filter(
            ({ baseId, id }) => baseId !== undefined && baseId === image.baseId && id !== image.id,
          ),
        ),
      }
    case 'measure':
      return {
        ...common,
        kind: 'measure',
        files: filesOf(image, 'read'),
        bytesToCopy: 0,
        spaceNeeded: 0,
        commandLine: `add-cow-img measure ${path}`,
      }
    case 'rebase': {
      const target = request.base.kind === 'none' ? '' : '/srv/images/other.raw'
      const flags = request.namesOnly ? '-u ' : request.verify === true ? '--verify ' : ''
      return {
        ...common,
        kind: 'rebase',
        files: filesOf(image, 'write'),
        bytesToCopy: request.namesOnly ? 0 : Math.round(copied * 0.2),
        spaceNeeded: request.namesOnly ? 0 : Math.round(copied * 0.2),
        commandLine: `add-cow-img rebase ${flags}-b ${target === '' ? "''" : target} ${path}`,
      }
    }
    case 'move': {
      const folder = request.folderGrant === undefined ? image.directory : '/srv/picked'
      const target = `${folder}/${request.name}`
      const targetImage = `${folder}/${request.imageFileName}`
      const { copy, names } = request
      const made: PlannedFile[] = [
        { path: target, role: 'add-cow', action: 'create' },
        { path: targetImage, role: 'image', action: 'create' },
      ]
      const bytesToCopy = copy ? (image.sizeOnDisk ?? 0) : 0
      const readers = [...images.values()].filter(({ baseId }) => baseId === image.id)
      const flags = `${copy ? '--copy ' : ''}${names === 'absolute' ? '--absolute ' : ''}`
      return {
        ...common,
        kind: 'move',
        files: [
          ...filesOf(image, copy ? 'read' : 'write').filter(({ role }) => role !== 'backing'),
          ...(target === path ? [] : made),
        ],
        ...{ bytesToCopy, spaceNeeded: bytesToCopy },
        commandLine: `add-cow-img move ${flags}${path} ${target}`,
        affected: named(copy || target === path ? [] : readers),
      }
    }
    case 'compare': {
      const other = images.get(request.otherId)
      return {
        ...common,
        kind: 'compare',
        files: [...filesOf(image, 'read'), ...(other ? filesOf(other, 'read') : [])],
        bytesToCopy: 0,
        spaceNeeded: 0,
        commandLine: `add-cow-img compare ${path} ${other?.directory}/${other?.name}`,
      }
    }
    case 'import-overlay': {
      const folder = request.folderGrant === undefined ? image.directory : '/srv/picked'
      const target = `${folder}/${request.name}`
      const imageFile = request.imageFileName
      const options = `-f ${request.format} -o image_file=${imageFile}`
      return {
        ...common,
        kind: 'import-overlay',
        files: [
          { path: target, role: 'add-cow', action: 'create' },
          { path: `${folder}/${imageFile}`, role: 'image', action: 'create' },
          { path, role: 'add-cow', action: 'read' },
        ],
        bytesToCopy: image.allocatedBytes ?? 0,
        spaceNeeded: image.allocatedBytes ?? 0,
        commandLine: `add-cow-img import ${request.verify ? '--verify ' : ''}${options} ${path}`,
        sizeAfter: virtualSize,
      }
    }
    case 'export':
    case 'export-overlay': {
      const [format, bytesToCopy] =
        request.kind === 'export' ? ['raw', virtualSize] : ['qcow2', image.allocatedBytes ?? 0]
      const target = `/srv/export/disk.${format}`
      return {
        ...common,
        kind: request.kind,
        files: [{ path: target, role: 'target', action: 'create' }, ...filesOf(image, 'read')],
        ...{ bytesToCopy, spaceNeeded: bytesToCopy },
        commandLine: `add-cow-img convert -O ${format} ${path} ${target}`,
        sizeAfter: virtualSize,
      }
    }
  }
}
