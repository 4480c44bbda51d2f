/*
 * What is inside of a disk, against the tools that made it: blkid's word on file systems, sfdisk's
 * on partition tables.
 */
import { truncateSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { MIB } from '../../engine/base/units'
import { type DiskContent, inspectContent, nodeHost, openDisk } from '../../engine'
import { run } from '../support/command-line'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'

async function contentOf(path: string): Promise<DiskContent> {
  const disk = await openDisk(nodeHost, path, { writable: false, format: 'raw' })
  try {
    return await inspectContent(disk)
  } finally {
    await disk.close()
  }
}

async function must(folder: string, name: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(folder, name, ...args)
  expect(code, `${name}: ${stderr}`).toBe(0)
  return stdout
}

/** What blkid finds in a file, as far as we tell the same. */
async function askBlkid(folder: string, name: string): Promise<Record<string, string>> {
  const lines = (await must(folder, 'blkid', '-p', '-o', 'export', name)).split('\n')
  const pairs = lines.map((line) => line.replaceAll('\\', '').split(/=(.*)/))
  return Object.fromEntries(pairs.map(([key = '', value = '']) => [key, value]))
}

const LABEL = 'a label'

interface Maker {
  readonly type: string
  readonly size: number
  readonly command: readonly [string, ...string[]]
  readonly label?: string
}

const makers: readonly Maker[] = [
  { type: 'ext2', size: 8 * MIB, command: ['mke2fs', '-q', '-t', 'ext2', '-L', LABEL, 'x'] },
  { type: 'ext3', size: 16 * MIB, command: ['mke2fs', '-q', '-t', 'ext3', '-b', '1024', 'x'] },
  { type: 'ext4', size: 16 * MIB, command: ['mke2fs', '-q', '-t', 'ext4', '-L', LABEL, 'x'] },
  { type: 'xfs', size: 320 * MIB, command: ['mkfs.xfs', '-q', '-L', 'a_label', 'x'] },
  { type: 'btrfs', size: 128 * MIB, command: ['mkfs.btrfs', '-q', '-L', LABEL, 'x'] },
  { type: 'fat12', size: 2 * MIB, command: ['mkfs.fat', '-F', '12', 'x'] },
  { type: 'fat16', size: 16 * MIB, command: ['mkfs.fat', '-F', '16', '-n', 'FAT LABEL', 'x'] },
  { type: 'fat32', size: 64 * MIB, command: ['mkfs.fat', '-F', '32', '-n', 'FAT LABEL', 'x'] },
  { type: 'exfat', size: 16 * MIB, command: ['mkfs.exfat', '-L', LABEL, 'x'] },
  { type: 'ntfs', size: 16 * MIB, command: ['mkntfs', '-F', '-q', '-Q', '-L', LABEL, 'x'] },
  { type: 'swap', size: 2 * MIB, command: ['mkswap', '-q', '-L', LABEL, 'x'] },
  {
    type: 'luks',
    size: 32 * MIB,
    command: [
      ...(['bash', '-c'] as const),
      'echo secret | cryptsetup luksFormat -q --label "a label" --pbkdf pbkdf2 ' +
        '--pbkdf-force-iterations 1000 x -',
    ],
  },
  {
    type: 'iso9660',
    size: 0,
    command: ['genisoimage', '-quiet', '-V', 'DISC', '-o', 'x', '/etc/hostname'],
  },
]

/** The names of both for the same thing, where they differ. */
const BLKID_TYPES: Readonly<Record<string, string>> = {
  fat12: 'vfat',
  fat16: 'vfat',
  fat32: 'vfat',
  luks: 'crypto_LUKS',
}

for (const { type, size, command } of makers) {
  const [name, ...args] = command
  const tool = name === 'bash' ? 'cryptsetup' : name
  describeNeeding([linux, program(tool), program('blkid')], `a disk with ${type}`, () => {
    test('is known by type, label and identifier, as blkid knows it', async () => {
      const folder = temporaryFolder()
      const path = join(folder, 'x')
      await (await open(path, 'w')).close()
      truncateSync(path, size)
      await must(folder, name, ...args)

      const { fileSystem, table } = await contentOf(path)
      const blkid = await askBlkid(folder, 'x')
      expect(table).toBeUndefined()
      expect(fileSystem?.type).toBe(type)
      expect(BLKID_TYPES[type] ?? type).toBe(blkid['TYPE'])
      expect(fileSystem?.uuid).toBe(blkid['UUID'])
      expect(fileSystem?.label).toBe(blkid['LABEL'])
      if (type === 'luks') return
      expect(fileSystem?.size).toBeGreaterThan(0)
      if (size > 0) expect(fileSystem?.size).toBeLessThanOrEqual(size)
    })
  })
}

describeNeeding([linux, program('mke2fs'), program('mkfs.fat')], 'used space', () => {
  test('of ext4 is what dumpe2fs says', async () => {
    const folder = temporaryFolder()
    await must(folder, 'mke2fs', '-q', '-t', 'ext4', 'x', '40m')
    const said = await must(folder, 'dumpe2fs', '-h', 'x')
    const figure = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(said)?.[1])
    const { fileSystem } = await contentOf(join(folder, 'x'))
    const bytes = figure('Block size')
    expect(fileSystem?.size).toBe(figure('Block count') * bytes)
    expect(fileSystem?.used).toBe((figure('Block count') - figure('Free blocks')) * bytes)
  })

  test.each([
    ['12', '2m', 512],
    ['16', '16m', 2048],
    ['32', '64m', 512],
  ])('of FAT%s grows by a file that is put in', async (bits, size, cluster) => {
    const folder = temporaryFolder()
    await must(folder, 'truncate', '-s', size, 'x')
    await must(folder, 'mkfs.fat', '-F', bits, '-s', String(cluster / 512), 'x')
    const before = (await contentOf(join(folder, 'x'))).fileSystem?.used ?? 0
    await must(folder, 'truncate', '-s', '100000', 'file')
    await must(folder, 'mcopy', '-i', 'x', 'file', '::file')
    const after = (await contentOf(join(folder, 'x'))).fileSystem?.used ?? 0
    expect(after - before).toBe(Math.ceil(100_000 / cluster) * cluster)
  })
})

const sfdiskTable = z.object({
  partitiontable: z.object({
    id: z.string(),
    partitions: z.array(z.object({ start: z.number(), size: z.number(), type: z.string() })),
  }),
})

describeNeeding([linux, program('sfdisk'), program('mke2fs')], 'a partition table', () => {
  const scripts = {
    gpt: 'label: gpt\nsize=4M, type=uefi, name="EFI system"\nsize=16M, name="räume"\nsize=1M',
    mbr: 'label: dos\n1: size=4M, type=c\n2: size=24M, type=5\n5: size=2M\n6: size=3M\n7: size=1M',
  }

  async function partitioned(script: string): Promise<{ folder: string; path: string }> {
    const folder = temporaryFolder()
    await must(folder, 'truncate', '-s', '64M', 'x')
    await must(folder, 'bash', '-c', `sfdisk -q x <<< $'${script.replaceAll('\n', '\\n')}'`)
    return { folder, path: join(folder, 'x') }
  }

  test.each(Object.entries(scripts))('%s is read as sfdisk reads it', async (type, script) => {
    const { folder, path } = await partitioned(script)
    const said = sfdiskTable.parse(JSON.parse(await must(folder, 'sfdisk', '-J', 'x')))
    const theirs = said.partitiontable.partitions.filter((p) => p.type !== '5')
    const { table } = await contentOf(path)
    expect(table).toMatchObject({ type, problems: [] })
    expect(table?.id.toLowerCase()).toBe(said.partitiontable.id.toLowerCase().replace('0x', ''))
    const ours = table?.partitions.map(({ offset, length, typeId }) => [offset, length, typeId])
    expect(ours).toEqual(
      theirs.map(({ start, size, type: id }) => [start * 512, size * 512, id.padStart(2, '0')]),
    )
    if (type === 'mbr') expect(table?.partitions.map((p) => p.number)).toEqual([1, 5, 6, 7])
    else expect(table?.partitions.map((p) => p.name)).toEqual(['EFI system', 'räume', undefined])
  })

  test('leads to the file systems in its partitions', async () => {
    const { folder, path } = await partitioned(scripts.gpt)
    const offset = (await contentOf(path)).table?.partitions[1]?.offset ?? 0
    await must(folder, 'mke2fs', '-q', '-L', 'root', '-E', `offset=${String(offset)}`, 'x', '16m')
    const { table } = await contentOf(path)
    const labels = table?.partitions.map((p) => p.fileSystem?.label)
    expect(labels).toEqual([undefined, 'root', undefined])
  })

  test('that is damaged is read from its copy at the end, and both damaged is told', async () => {
    const { path } = await partitioned(scripts.gpt)
    const file = await open(path, 'r+')
    await file.write(Buffer.from([0xff]), 0, 1, 512 + 60)
    const once = await contentOf(path)
    expect(once.table?.problems).toEqual(['primary-damaged'])
    expect(once.table?.partitions).toHaveLength(3)
    await file.write(Buffer.from([0xff]), 0, 1, 64 * MIB - 512 + 60)
    await file.close()
    expect((await contentOf(path)).table?.problems).toEqual(['both-damaged'])
  })

  test('whose chain of logical partitions loops has an end', async () => {
    const { path } = await partitioned(scripts.mbr)
    const extended = 5 * MIB
    const file = await open(path, 'r+')
    // the link of the first one: type 5, at the start of the chain
    const link = Buffer.from([0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
    await file.write(link, 0, 16, extended + 446 + 16)
    await file.close()
    const { table } = await contentOf(path)
    expect(table?.problems).toEqual(['bad-chain'])
    expect(table?.partitions.map((p) => p.number)).toEqual([1, 5])
  })
})
