/** 2^32. */
const WORD = 0x1_0000_0000

/**
 * A big-endian number of 64 bits. Those above 2^53 lose their last digits: they are offsets and
 * sizes that no file reaches, and every one is held against a limit far below.
 */
export function readOffset(view: DataView, at: number): number {
  return view.getUint32(at) * WORD + view.getUint32(at + 4)
}
