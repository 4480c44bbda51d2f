import { Command } from 'commander'
import { type ByteRange, clipRange } from '../base/byte-range'
import { alignDown, SECTOR_SIZE } from '../base/units'
import type { DiskExtent, Layer } from '../format/layer'
import { openDisk } from '../image/disk'
import { absolute, type Cli, shown } from './cli'
import { humanMap, jsonMap, type MapEntry } from './map-text'
import { outputOption } from './output-option'

/** Characters that are written at once: a map may have millions of runs. */
const CHUNK = 256 * 1024

export function mapCommand(cli: Cli): Command {
  return new Command('map')
    .description('Tell which layer serves which part of a disk, and where in its file.')
    .argument('<file>')
    .addOption(outputOption())
    .action(async (file: string, { output }: { readonly output: 'human' | 'json' }) => {
      await map(cli, file, output)
    })
}

async function map(cli: Cli, file: string, output: 'human' | 'json'): Promise<void> {
  const text = output === 'json' ? jsonMap() : humanMap()
  const disk = await openDisk(cli.host, absolute(cli, file), { writable: false })
  try {
    const names = new Map(
      disk.layers
        .flatMap(({ files }) => files)
        .map((f) => [f.file.path, shown(cli, f.file.path, file)]),
    )
    let chunk = text.head
    await disk.walk((extent) => {
      for (const entry of mapEntries(extent, disk.layers, names)) chunk += text.entry(entry)
      if (chunk.length < CHUNK) return undefined
      const full = chunk
      chunk = ''
      return cli.out.write(full)
    })
    await cli.out.write(chunk + text.tail())
  } finally {
    await disk.close()
  }
}

function mapEntries(
  extent: DiskExtent & ByteRange,
  layers: readonly Layer[],
  names: ReadonlyMap<string, string>,
): readonly MapEntry[] {
  const { offset: start, length, depth, content, source } = extent
  if (depth === undefined) return unservedEntries(extent, layers)
  const zero = content === 'zero'
  const entry = { start, length, depth, present: true, zero, data: !zero }
  if (source === undefined) return [entry]
  const filename = names.get(source.file.path) ?? source.file.path
  return [{ ...entry, offset: source.offset, filename }]
}

/**
 * A run that no layer serves counts for the deepest layer that still covers it, and is cut where
 * that changes.
 */
export function unservedEntries(
  extent: ByteRange,
  layers: readonly Pick<Layer, 'size'>[],
): readonly MapEntry[] {
  // Of a backing file whole sectors are seen.
  const ends = layers.map(({ size }) => alignDown(size, SECTOR_SIZE))
  const entries: MapEntry[] = []
  let { offset: start, length } = extent
  while (length > 0) {
    const from = start
    const first = ends.findIndex((end) => end <= from)
    const covering = first < 0 ? ends : ends.slice(0, first)
    const run = clipRange({ offset: start, length }, Math.min(...covering))
    const depth = covering.length - 1
    entries.push({ start, length: run.length, depth, present: false, zero: true, data: false })
    start += run.length
    length -= run.length
  }
  return entries
}
