import { formatSize } from '../base/units'
import type { LayerInfo } from '../model/image'
import { type Cli, printable, shown } from './cli'
import { qcow2Json, qcow2Lines } from './qcow2-info'

/** How the two layouts are told apart for people. */
const LAYOUTS = { 'add-cow': 'sector bitmap', acow: 'cluster bitmap' } as const

/** One layer as `info --output=json` writes it, with qemu-img's keys. Sizes are bytes. */
export function layerJson(cli: Cli, layer: LayerInfo, given: string): Record<string, unknown> {
  const { backing, format, qcow2 } = layer
  return {
    ...(backing?.format !== undefined && { 'backing-filename-format': backing.format }),
    'virtual-size': layer.virtualSize,
    filename: nameOf(cli, layer, given),
    ...(hasClusters(layer) && { 'cluster-size': layer.clusterSize }),
    format,
    ...(layer.looksLike !== undefined && { 'starts-like': layer.looksLike }),
    'actual-size': layer.sizeOnDisk,
    ...overlayJson(cli, layer, given),
    ...(qcow2 !== undefined && qcow2Json(layer, qcow2)),
    ...(backing !== undefined && {
      'full-backing-filename': shown(cli, backing.path, given),
      'backing-filename': backing.name,
    }),
    'dirty-flag': qcow2?.dirty ?? false,
  }
}

/** Of what another program reads, only that program knows. */
function hasClusters({ imageFile, qcow2 }: LayerInfo): boolean {
  return imageFile !== undefined || qcow2 !== undefined
}

function overlayJson(cli: Cli, layer: LayerInfo, given: string): object {
  const { format, imageFile } = layer
  if ((format !== 'add-cow' && format !== 'acow') || imageFile === undefined) return {}
  return {
    'format-specific': {
      type: format,
      data: {
        'image-filename': imageFile.name,
        'full-image-filename': shown(cli, imageFile.path, given),
        layout: LAYOUTS[format],
        'allocated-bytes': layer.allocatedBytes,
        'allocated-percent': allocatedPercent(layer),
        'all-allocated': layer.allAllocated ?? false,
      },
    },
  }
}

/** The same for people, one thing a line. */
export function layerText(cli: Cli, layer: LayerInfo, given: string): string {
  const { backing, format, qcow2 } = layer
  const lines = [
    `image: ${nameOf(cli, layer, given)}`,
    `file format: ${format}`,
    `virtual size: ${formatSize(layer.virtualSize)} (${layer.virtualSize} bytes)`,
    `disk size: ${formatSize(layer.sizeOnDisk)}`,
  ]
  if (layer.looksLike !== undefined) lines.push(`starts like: ${layer.looksLike}`)
  if (hasClusters(layer)) lines.push(`cluster_size: ${layer.clusterSize}`)
  if (backing !== undefined) {
    lines.push(`backing file: ${withPath(backing.name, shown(cli, backing.path, given))}`)
  }
  if (backing?.format !== undefined) lines.push(`backing file format: ${backing.format}`)
  lines.push(...overlayLines(cli, layer, given))
  if (qcow2 !== undefined) lines.push(...qcow2Lines(layer, qcow2))
  return lines.map((line) => `${printable(line)}\n`).join('')
}

function overlayLines(cli: Cli, layer: LayerInfo, given: string): string[] {
  const { format, imageFile } = layer
  if ((format !== 'add-cow' && format !== 'acow') || imageFile === undefined) return []
  const percent = allocatedPercent(layer)
  return [
    'Format specific information:',
    `    image file: ${withPath(imageFile.name, shown(cli, imageFile.path, given))}`,
    `    layout: ${LAYOUTS[format]}`,
    `    allocated: ${formatSize(layer.allocatedBytes)} (${percent.toFixed(2)}%)`,
    `    all allocated: ${layer.allAllocated === true ? 'true' : 'false'}`,
  ]
}

/** The top as it was named on the command line. */
function nameOf(cli: Cli, layer: LayerInfo, given: string): string {
  return layer.depth === 0 ? given : shown(cli, layer.path, given)
}

function withPath(name: string, path: string): string {
  return name === path ? name : `${name} (actual path: ${path})`
}

/** With two digits behind the point. */
function allocatedPercent({ allocatedBytes, virtualSize }: LayerInfo): number {
  return virtualSize === 0 ? 100 : Math.round((allocatedBytes / virtualSize) * 10_000) / 100
}
