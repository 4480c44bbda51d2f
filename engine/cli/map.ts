import { Command } from 'commander'
import { type ByteRange, clipRange } from '../base/byte-range'
import type { DiskExtent, Layer } from '../format/layer'
import { type Disk, openDisk } from '../image/disk'
import { absolute, type Cli, printable, shown } from './cli'
import { outputOption } from './output-option'

/** One run, with qemu-img's names. Bytes; `offset` and `filename` where the run lies in a host file. */
export interface MapEntry {
  readonly start: number
  readonly length: number
  readonly depth: number
  readonly present: boolean
  readonly zero: boolean
  readonly data: boolean
  readonly offset?: number
  readonly filename?: string
}

/** Characters that are written at once: a map may have millions of runs. */
const CHUNK = 64 * 1024

export function mapCommand(cli: Cli): Command {
  return new Command('map')
    .description('Tell which layer serves which part of a disk, and where in its file.')
    .argument('<file>')
    .addOption(outputOption())
    .action(async (file: string, { output }: { readonly output: 'human' | 'json' }) => {
      const disk = await openDisk(cli.host, absolute(cli, file), { writable: false })
      try {
        const name = (path: string): string => shown(cli, path, file)
        const entries = mapEntries(disk, name)
        await writeChunks(cli, output === 'json' ? jsonLines(entries) : humanLines(entries))
      } finally {
        await disk.close()
      }
    })
}

async function* mapEntries(disk: Disk, name: (path: string) => string): AsyncGenerator<MapEntry> {
  for await (const extent of disk.extents()) {
    if (extent.depth === undefined) yield* unservedEntries(extent, disk.layers)
    else yield servedEntry(extent, extent.depth, name)
  }
}

function servedEntry(
  { offset: start, length, content, source }: DiskExtent & ByteRange,
  depth: number,
  name: (path: string) => string,
): MapEntry {
  const zero = content === 'zero'
  const entry = { start, length, depth, present: true, zero, data: !zero }
  if (source === undefined) return entry
  return { ...entry, offset: source.offset, filename: name(source.file.path) }
}

/** A run that no layer serves counts for the deepest layer that still covers it, and is cut where that changes. */
export function* unservedEntries(
  extent: ByteRange,
  layers: readonly Pick<Layer, 'size'>[],
): Generator<MapEntry> {
  let { offset: start, length } = extent
  while (length > 0) {
    const covered = layers.findIndex(({ size }) => size <= start)
    const depth = (covered < 0 ? layers.length : covered) - 1
    const end = Math.min(...layers.slice(0, depth + 1).map(({ size }) => size))
    const run = clipRange({ offset: start, length }, end)
    yield { start, length: run.length, depth, present: false, zero: true, data: false }
    start += run.length
    length -= run.length
  }
}

/** A JSON array, one entry a line, as qemu-img writes it. */
export async function* jsonLines(entries: AsyncIterable<MapEntry>): AsyncGenerator<string> {
  let before = '['
  for await (const entry of entries) {
    const { start, length, depth, present, zero, data, offset, filename } = entry
    let text = `{ "start": ${start}, "length": ${length}, "depth": ${depth}, `
    text += `"present": ${String(present)}, "zero": ${String(zero)}, "data": ${String(data)}`
    if (offset !== undefined) text += `, "offset": ${offset}`
    if (filename !== undefined) text += `, "filename": ${JSON.stringify(filename)}`
    yield `${before}${text}}`
    before = ',\n'
  }
  yield before === '[' ? '[]\n' : ']\n'
}

/** A table of what holds data. */
export async function* humanLines(entries: AsyncIterable<MapEntry>): AsyncGenerator<string> {
  yield row('Offset', 'Length', 'Mapped to', 'File')
  for await (const { start, length, data, offset, filename } of entries) {
    if (!data || offset === undefined || filename === undefined) continue
    yield row(hex(start), hex(length), hex(offset), printable(filename))
  }
}

function row(...[offset, length, mappedTo, file]: [string, string, string, string]): string {
  return `${offset.padEnd(16)}${length.padEnd(16)}${mappedTo.padEnd(16)}${file}\n`
}

function hex(value: number): string {
  return value === 0 ? '0' : `0x${value.toString(16)}`
}

async function writeChunks(cli: Cli, texts: AsyncIterable<string>): Promise<void> {
  let chunk = ''
  for await (const text of texts) {
    chunk += text
    if (chunk.length < CHUNK) continue
    await cli.out.write(chunk)
    chunk = ''
  }
  await cli.out.write(chunk)
}
