import { Command } from 'commander'
import { type ByteRange, clipRange, rangeEnd } from '../base/byte-range'
import { alignDown, SECTOR_SIZE } from '../base/units'
import type { DiskExtent, Layer } from '../format/layer'
import { openDisk } from '../image/disk'
import { absolute, type Cli, shown } from './cli'
import { humanMap, jsonMap, type MapEntry } from './map-text'
import { TextSink } from './output'
import { outputOption } from './output-option'

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
    const { layers } = disk
    const names = new Map(
      layers.flatMap(({ files }) => files).map((f) => [f.file.path, shown(cli, f.file.path, file)]),
    )
    const sink = new TextSink(cli.out)
    // what ends before any of the layers does needs no look at each of them
    const inAll = Math.min(...layers.map(({ size }) => alignDown(size, SECTOR_SIZE)))
    text.head(sink)
    await disk.walk((extent) => {
      if (extent.depth !== undefined) text.entry(sink, servedEntry(extent, names))
      else if (rangeEnd(extent) <= inAll) {
        text.entry(sink, unservedEntry(extent, layers.length - 1))
      } else {
        for (const entry of unservedEntries(extent, layers)) text.entry(sink, entry)
      }
      return sink.pass()
    })
    text.tail(sink)
    await sink.end()
  } finally {
    await disk.close()
  }
}

function servedEntry(extent: DiskExtent & ByteRange, names: ReadonlyMap<string, string>): MapEntry {
  const { offset: start, length, depth = 0, content, source } = extent
  const zero = content === 'zero'
  if (source === undefined) return { start, length, depth, present: true, zero, data: !zero }
  const { path } = source.file
  const filename = names.get(path) ?? path
  const { offset } = source
  return { start, length, depth, present: true, zero, data: !zero, offset, filename }
}

function unservedEntry({ offset: start, length }: ByteRange, depth: number): MapEntry {
  return { start, length, depth, present: false, zero: true, data: false }
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
    entries.push(unservedEntry(run, covering.length - 1))
    start += run.length
    length -= run.length
  }
  return entries
}
