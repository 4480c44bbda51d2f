/*
 * Compressed images of QEMU on a system without the libraries that decompress them fast.
 */
import { expect, test, vi } from 'vitest'
import { KIB, MIB } from '../../engine/base/units'
import { nativeDecoder } from '../../engine/host/native-decoders'
import { output } from '../support/command-line'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'
import { expectContent } from './qcow2-agreement'
import { makeImage, makeRandomFile } from './qcow2-images'

vi.mock(import('../../engine/host/native-decoders'), () => ({ nativeDecoder: () => undefined }))

describeNeeding([linux, program('qemu-img'), program('qemu-io')], 'without libraries', () => {
  test.each(['zlib', 'zstd'])('compressed by %s', async (compression) => {
    expect(nativeDecoder(compression === 'zlib' ? 'deflate' : 'zstd')).toBeUndefined()
    const random = new Random(3)
    const folder = temporaryFolder()
    makeRandomFile(folder, random)
    const options = [`compression_type=${compression}`]
    const variant = { name: '', size: 20 * MIB, clusterSize: 64 * KIB, options, compressed: true }
    await makeImage(folder, { file: 'x.qcow2', variant }, random)
    await output(folder, 'qemu-img', 'convert', '-O', 'raw', 'x.qcow2', 'expected.raw')
    await expectContent(folder, 'x.qcow2', 'expected.raw')
  })
})
