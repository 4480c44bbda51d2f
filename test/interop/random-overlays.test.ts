import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { nodeHost } from '../../engine/host/node-host'
import { openDisk } from '../../engine/image/disk'
import { addCowImg, addCowImgHere, expectSuccess, run } from '../support/command-line'
import { Random } from '../support/random'
import { describeNeeding, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import type { DiskModel } from './disk-model'
import { mapEntry } from './map-entry'
import { makeRandomOverlay } from './random-overlay'

const firstSeed = Number(process.env['ADD_COW_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const seeds = Array.from({ length: 50 }, (_, index) => firstSeed + index)

const mapSchema = z.array(mapEntry.extend({ filename: z.string().optional() }))

const checkSchema = z.object({ findings: z.array(z.object({ code: z.string() })) })

describeNeeding(program('qemu-img'), 'a random overlay', () => {
  test.each(seeds)(
    'reads, converts, maps and flattens as its model (ADD_COW_SEED=%i)',
    async (seed) => {
      const random = new Random(seed)
      const folder = temporaryFolder()
      const overlay = await makeRandomOverlay(folder, random)
      const { name, imageName, model, below, description } = overlay
      writeFileSync(join(folder, 'model.raw'), model.bytes)
      const before = hashes(folder, below)

      await expectReads(join(folder, name), model, random)
      await succeed(addCowImg, folder, 'convert', name, 'out.raw')
      await expectSame(folder, 'out.raw', description)
      await expectMap(folder, name, model)
      await expectSound(folder, name, description)

      await succeed(addCowImgHere, folder, 'flatten', '--verify', name)
      await expectSame(folder, imageName, description)
      expect(hashes(folder, below)).toEqual(before)
    },
  )
})

type Program = typeof addCowImg

async function succeed(use: Program, folder: string, ...args: readonly string[]): Promise<string> {
  return expectSuccess('add-cow-img', args, await use(folder, ...args))
}

/** That a raw file holds the same as the model, byte for byte, by qemu-img's word. */
async function expectSame(folder: string, file: string, description: string): Promise<void> {
  const args = ['compare', '-f', 'raw', '-F', 'raw', file, 'model.raw']
  const { code, stdout, stderr } = await run(folder, 'qemu-img', ...args)
  expect({ code, stdout, stderr }, description).toEqual({
    code: 0,
    stdout: 'Images are identical.\n',
    stderr: '',
  })
}

async function expectReads(path: string, model: DiskModel, random: Random): Promise<void> {
  const disk = await openDisk(nodeHost, path, { writable: false })
  try {
    expect(disk.size).toBe(model.size)
    for (let left = 50; left > 0; left -= 1) {
      const offset = random.below(model.size)
      const found = new Uint8Array(random.below(model.size - offset))
      await disk.read(found, offset)
      const expected = model.bytes.subarray(offset, offset + found.length)
      expect(Buffer.compare(found, expected), `bytes from ${String(offset)} on`).toBe(0)
    }
  } finally {
    await disk.close()
  }
}

/** A check finds nothing but what a taken image file left, and zeros over data of the base. */
async function expectSound(folder: string, name: string, description: string): Promise<void> {
  const { stdout, stderr } = await addCowImgHere(folder, 'check', '--output=json', name)
  expect(stderr, description).toBe('')
  const { findings } = checkSchema.parse(JSON.parse(stdout))
  const codes = findings.map(({ code }) => code)
  const harmless = ['data-unallocated', 'allocated-hole']
  expect(
    codes.filter((code) => !harmless.includes(code)),
    description,
  ).toEqual([])
}

/** Every byte of the disk is in one entry, and is where, or zero as, the entry says. */
async function expectMap(folder: string, name: string, model: DiskModel): Promise<void> {
  const text = await succeed(addCowImgHere, folder, 'map', '--output=json', name)
  let end = 0
  for (const { start, length, zero, data, offset, filename } of mapSchema.parse(JSON.parse(text))) {
    expect(start).toBe(end)
    expect(zero).toBe(!data)
    end = start + length
    const expected = model.bytes.subarray(start, end)
    if (zero) expect(expected.every((byte) => byte === 0)).toBe(true)
    if (filename === undefined || offset === undefined) {
      expect(data).toBe(false)
      continue
    }
    const file = readFileSync(join(folder, filename))
    const found = new Uint8Array(length)
    found.set(file.subarray(offset, offset + length))
    expect(Buffer.compare(found, expected), `${filename} at ${String(offset)}`).toBe(0)
  }
  expect(end).toBe(model.size)
}

function hashes(folder: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      const bytes = readFileSync(join(folder, name))
      return [name, createHash('sha256').update(bytes).digest('hex')]
    }),
  )
}
