import type { LayerInfo } from '../../../engine'
import type { BaseMark, ScannedImage } from '../../../electron/worker/calls'

const MIB = 1024 * 1024

function layer(path: string, part: Partial<LayerInfo> = {}): LayerInfo {
  return {
    path,
    format: 'raw',
    virtualSize: 64 * MIB,
    sizeOnDisk: 10 * MIB,
    allocatedBytes: 64 * MIB,
    clusterSize: 512,
    modifiedAt: 1000,
    depth: 0,
    ...part,
  }
}

/** What a scan of a raw disk finds. */
export function rawScan(path: string): ScannedImage {
  return { chain: { layers: [layer(path)] }, layerPaths: [path], filesBelow: [], signature: path }
}

export function markOf(part: Partial<BaseMark['fingerprint']> = {}): BaseMark {
  const fingerprint = { size: 64 * MIB, modifiedAt: 1000, sample: 'abc', ...part }
  return { format: 'raw', fingerprint }
}

export function imageFileOf(path: string): string {
  return path.replace(/\.add-cow$/, '.raw')
}

/** What a scan of an overlay finds that stands directly on a raw disk. */
export function overlayScan(
  path: string,
  backingPath: string,
  part: Partial<LayerInfo> = {},
  base: BaseMark = markOf(),
): ScannedImage {
  const name = imageFileOf(path)
  const top = layer(path, {
    format: 'add-cow',
    allocatedBytes: 8 * MIB,
    imageFile: { name, path: name, size: 64 * MIB },
    backing: { name: backingPath, path: backingPath },
    ...part,
  })
  return {
    chain: { layers: [top, layer(backingPath, { depth: 1 })] },
    layerPaths: [path, backingPath],
    imagePath: name,
    backingPath,
    filesBelow: [backingPath],
    base,
    signature: path,
  }
}

/** The same, where the base is missing. */
export function brokenScan(path: string, backingPath: string): ScannedImage {
  const { chain, imagePath = '', filesBelow, signature } = overlayScan(path, backingPath)
  const problem = {
    code: 'chain/backing-missing',
    message: `${backingPath} is missing`,
    details: { path },
    state: 'unchanged',
  } as const
  const top = { layers: chain.layers.slice(0, 1), problem }
  return { chain: top, layerPaths: [path], imagePath, backingPath, filesBelow, signature }
}
