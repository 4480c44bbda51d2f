import * as zlib from 'node:zlib'
import { ZSTDDecoder } from 'zstddec'

type ZstdDecompress = (
  source: Uint8Array,
  options: { readonly chunkSize: number; readonly maxOutputLength: number },
  done: (error: Error | null, bytes: Uint8Array) => void,
) => void

/** Node has zstd of its own from 22.15 on. */
const nodeZstd: unknown = Reflect.get(zlib, 'zstdDecompress')

function isFunction(value: unknown): value is ZstdDecompress {
  return typeof value === 'function'
}

/** Whether Node decompresses several frames at once, beside the thread that asks. */
export const nodeHasZstd = isFunction(nodeZstd)

/**
 * The content of one zstd frame. `length` is what it has to be, in bytes. Throws where the frame is
 * damaged.
 */
export async function decompressZstd(frame: Uint8Array, length: number): Promise<Uint8Array> {
  if (isFunction(nodeZstd)) {
    // a little more: a chunk that is filled to its end asks for another one
    const options = { chunkSize: length + 64, maxOutputLength: length }
    return await new Promise((resolve, reject) => {
      nodeZstd(frame, options, (error, bytes) => {
        if (error === null) resolve(bytes)
        else reject(error)
      })
    })
  }
  const decoder = new ZSTDDecoder()
  await decoder.init()
  return decoder.decode(frame, length)
}

const MAGIC = 0xfd2fb528
const HEAD_SIZE = 5
const CHECKSUM = 0x04
const SINGLE_SEGMENT = 0x20
const CHECKSUM_SIZE = 4
const BLOCK_HEAD_SIZE = 3
const RUN_LENGTH_BLOCK = 1

/** Bytes of the frame at the start (RFC 8878, section 3.1.1); throws where it passes the end. */
export function frameLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== MAGIC) throw new Error('no zstd frame')
  const flags = view.getUint8(4)
  const single = (flags & SINGLE_SEGMENT) !== 0
  const dictionarySize = [0, 1, 2, 4][flags & 3] ?? 0
  const contentSize = [single ? 1 : 0, 2, 4, 8][flags >> 6] ?? 0
  let at = HEAD_SIZE + (single ? 0 : 1) + dictionarySize + contentSize
  for (let last = false; !last;) {
    const head = view.getUint16(at, true) + view.getUint8(at + 2) * 0x10000
    last = (head & 1) !== 0
    at += BLOCK_HEAD_SIZE + (((head >> 1) & 3) === RUN_LENGTH_BLOCK ? 1 : head >> 3)
  }
  const end = at + ((flags & CHECKSUM) === 0 ? 0 : CHECKSUM_SIZE)
  if (end > bytes.length) throw new Error('a zstd frame that is cut off')
  return end
}
