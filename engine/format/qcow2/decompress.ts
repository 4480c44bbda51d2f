import { promisify } from 'node:util'
import { constants, inflateRaw } from 'node:zlib'
import { type NativeDecoder, nativeDecoder } from '../../host/native-decoders'
import { decompressZstd, frameLength, nodeHasZstd } from './zstd'

export type Compression = 'zlib' | 'zstd'

const inflate: (
  source: Uint8Array,
  options: { chunkSize: number; maxOutputLength: number; finishFlush: number },
) => Promise<Uint8Array> = promisify(inflateRaw)

/** Whether several clusters are decompressed at once, beside the thread that asks. */
export function isParallel(compression: Compression): boolean {
  return compression === 'zlib' || nodeHasZstd || library(compression) !== undefined
}

/**
 * Fills `target` from the compressed cluster that `source` starts with; padding follows it. Both
 * are to be left alone until then. Throws where it does not give just as many bytes.
 */
export async function decompress(
  compression: Compression,
  source: Uint8Array,
  target: Uint8Array,
): Promise<void> {
  const packed = compression === 'zstd' ? source.subarray(0, frameLength(source)) : source
  if ((await library(compression)?.(packed, target)) === true) return
  const unpack = compression === 'zstd' ? decompressZstd : inflateCluster
  const bytes = await unpack(packed, target.length)
  if (bytes.length !== target.length) throw new Error(`it gives ${String(bytes.length)} bytes`)
  target.set(bytes)
}

function library(compression: Compression): NativeDecoder | undefined {
  if (compression === 'zlib') return nativeDecoder('deflate')
  // Node's own is fast enough, and two of a name in one process are better not made
  return nodeHasZstd ? undefined : nativeDecoder('zstd')
}

async function inflateCluster(source: Uint8Array, length: number): Promise<Uint8Array> {
  return await inflate(source, {
    // a little more: a chunk that is filled to its end asks for another one
    chunkSize: length + 64,
    maxOutputLength: length,
    // Where a stream ends is known by sectors only: what follows it is not looked at, and the
    // length of what it gives tells whether all was there.
    finishFlush: constants.Z_SYNC_FLUSH,
  })
}
