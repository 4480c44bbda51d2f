/**
 * The memory of the typed arrays that a result is or has, to be handed to the other thread instead
 * of being copied. Of an array that shares its memory with others, none is.
 */
export function handedOver(result: unknown): ArrayBuffer[] {
  const candidates = isPlain(result) ? Object.values(result).flat() : [result]
  return candidates.flatMap((value) => {
    if (!ArrayBuffer.isView(value) || !(value.buffer instanceof ArrayBuffer)) return []
    return value.byteLength === value.buffer.byteLength ? [value.buffer] : []
  })
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
}
