import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KIB, MIB, SECTOR_SIZE, alignDown } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { type Disk, openDisk } from '../../engine/image/disk'
import { addCowImgHere, expectSuccess } from '../support/command-line'
import type { Random } from '../support/random'
import { DiskModel } from './disk-model'

const CLUSTER_SIZES = [4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 2 * MIB]
const MAX_SIZE = 3 * MIB
const MAX_REQUEST = 200 * KIB

export interface RandomOverlay {
  /** The top's add-cow file and image file, in the folder. */
  readonly name: string
  readonly imageName: string
  readonly model: DiskModel
  /** What was chosen, for a message. */
  readonly description: string
  /** The files below the top, none of which may change any more. */
  readonly below: readonly string[]
}

/** Makes a chain of one to four overlays, and the model of what it has to read as. */
export async function makeRandomOverlay(folder: string, random: Random): Promise<RandomOverlay> {
  const below: string[] = []
  const described: string[] = []
  let backing: { name: string; model: DiskModel } | undefined
  if (random.chance(0.85)) {
    backing = { name: 'base.raw', model: makeBase(folder, random) }
    below.push('base.raw')
    described.push(`base of ${String(backing.model.size)}`)
  }
  const depth = random.between(1, 4)
  for (let level = 1; level < depth; level += 1) {
    const layer = await makeLayer(folder, random, `layer${String(level)}`, backing)
    backing = { name: layer.name, model: layer.model }
    below.push(layer.name, layer.imageName)
    described.push(layer.description)
  }
  const top = await makeLayer(folder, random, 'top', backing)
  return { ...top, below, description: [...described, top.description].join(' <- ') }
}

/** A raw file with holes, of any number of bytes. */
function makeBase(folder: string, random: Random): DiskModel {
  const length = random.between(SECTOR_SIZE, MAX_SIZE)
  const bytes = new Uint8Array(length)
  for (let left = random.between(0, 6); left > 0; left -= 1) {
    const offset = random.below(length)
    bytes.set(random.bytes(Math.min(length - offset, random.below(512 * KIB))), offset)
  }
  writeSparse(join(folder, 'base.raw'), bytes)
  return DiskModel.ofBase(bytes)
}

/** Pages that are zero stay holes. */
export function writeSparse(path: string, bytes: Uint8Array): void {
  writeFileSync(path, '')
  for (let at = 0; at < bytes.length; at += 4 * KIB) {
    const page = bytes.subarray(at, at + 4 * KIB)
    if (page.every((byte) => byte === 0)) continue
    truncateSync(path, at)
    writeFileSync(path, page, { flag: 'a' })
  }
  truncateSync(path, bytes.length)
}

async function makeLayer(
  folder: string,
  random: Random,
  word: string,
  backing: { name: string; model: DiskModel } | undefined,
): Promise<Omit<RandomOverlay, 'below'>> {
  const [name, imageName] = [`${word}.add-cow`, `${word}.raw`]
  const ownSize = backing === undefined || random.chance(0.6)
  const size = ownSize ? sectors(random.between(1, MAX_SIZE / SECTOR_SIZE)) : backing.model.size
  const acow = random.chance(0.5)
  const clusterSize = random.pick(CLUSTER_SIZES)
  const options = [`image_file=${imageName}`]
  if (backing !== undefined) options.push(`backing_file=${backing.name}`)
  if (acow) options.push(`cluster_size=${String(clusterSize)}`)
  const reuse = random.chance(0.2)
  const leftover = random.bytes(size)
  if (reuse) writeFileSync(join(folder, imageName), leftover)

  const args = ['create', '-f', acow ? 'acow' : 'add-cow', '-o', options.join(','), name]
  if (ownSize) args.push(String(size))
  expectSuccess('add-cow-img', args, await addCowImgHere(folder, ...args))

  const model = DiskModel.overlayOn(backing?.model, size)
  await change(join(folder, name), model, random)
  const layout = acow ? `acow/${String(clusterSize)}` : 'add-cow'
  const description = `${layout} of ${String(size)}${reuse ? ', image file reused' : ''}`
  return { name, imageName, model, description }
}

/** Random requests to a disk and to its model. */
async function change(path: string, model: DiskModel, random: Random): Promise<void> {
  let disk = await openDisk(nodeHost, path, { writable: true })
  try {
    for (let left = random.between(0, 25); left > 0; left -= 1) {
      if (random.chance(0.1)) {
        await disk.close()
        disk = await openDisk(nodeHost, path, { writable: true })
      }
      await request(disk, model, random)
    }
  } finally {
    await disk.close()
  }
}

async function request(disk: Disk, model: DiskModel, random: Random): Promise<void> {
  const aligned = random.chance(0.3)
  const anywhere = random.below(model.size)
  const offset = aligned ? alignDown(anywhere, SECTOR_SIZE) : anywhere
  const length = Math.min(model.size - offset, random.below(MAX_REQUEST))
  const kind = random.pick(['write', 'write', 'write', 'zero', 'discard', 'flush', 'resize'])
  switch (kind) {
    case 'write': {
      const bytes = random.bytes(length)
      await disk.write(bytes, offset)
      model.write(bytes, offset)
      return
    }
    case 'zero':
      await disk.writeZeroes({ offset, length })
      model.zero(offset, length)
      return
    case 'discard': {
      await disk.discard({ offset, length })
      const found = new Uint8Array(length)
      await disk.read(found, offset)
      model.acceptDiscard(found, offset)
      return
    }
    case 'flush':
      await disk.flush()
      return
    default: {
      const size = sectors(random.between(1, MAX_SIZE / SECTOR_SIZE))
      await disk.truncate(size)
      model.resize(size)
    }
  }
}

function sectors(count: number): number {
  return count * SECTOR_SIZE
}
