import type { KoffiFunc } from 'koffi'
import pLimit from 'p-limit'
import { koffi } from './koffi'

/** Raw deflate, whatever follows the stream; or one zstd frame with nothing behind it. */
export type NativeFormat = 'deflate' | 'zstd'

/**
 * Fills `target` from the stream in `source`, in another thread; both are to be left alone until
 * then. False where that does not give just as many bytes, or could not be told: a decoder of
 * another kind knows why. Then anything may be in `target`, but nothing was written beside it.
 */
export type NativeDecoder = (source: Uint8Array, target: Uint8Array) => Promise<boolean>

/**
 * A decoder by a library that nearly every Linux has, several times as fast as what else there is.
 * Undefined where the library is not there. Loaded at the first use.
 */
export function nativeDecoder(format: NativeFormat): NativeDecoder | undefined {
  if (process.platform !== 'linux') return undefined
  if (!loaded.has(format)) loaded.set(format, load(LIBRARIES[format]))
  return loaded.get(format)
}

const loaded = new Map<NativeFormat, NativeDecoder | undefined>()

interface Library {
  readonly file: string
  /** Makes and frees the memory that one call works with: two at a time cannot share it. */
  readonly make: string
  readonly free: string
  readonly decode: string
  /** The arguments of `decode` behind what `make` gave. */
  arguments(source: Uint8Array, target: Uint8Array): unknown[]
  /** Whether the result of `decode` says that it filled the target. */
  isFilled(result: unknown, target: Uint8Array): boolean
}

const LIBRARIES: Record<NativeFormat, Library> = {
  deflate: {
    file: 'libdeflate.so.0',
    make: 'void *libdeflate_alloc_decompressor()',
    free: 'void libdeflate_free_decompressor(void *memory)',
    decode:
      'int libdeflate_deflate_decompress(void *memory, const void *source, size_t sourceLength, ' +
      'void *target, size_t targetLength, size_t *length)',
    // libdeflate.h: with no place for a length, success is to have filled the target
    arguments: (source, target) => [source, source.length, target, target.length, null],
    isFilled: (result) => result === 0,
  },
  zstd: {
    file: 'libzstd.so.1',
    make: 'void *ZSTD_createDCtx()',
    free: 'size_t ZSTD_freeDCtx(void *memory)',
    decode:
      'size_t ZSTD_decompressDCtx(void *memory, void *target, size_t targetLength, ' +
      'const void *source, size_t sourceLength)',
    arguments: (source, target) => [target, target.length, source, source.length],
    // zstd.h: how much it gave, or an error, which is a number higher than that
    isFilled: (result, target) => result === target.length,
  },
}

/** Twice as many as Node has threads; for more, koffi would have to make memory for each call. */
const limit = pLimit(8)

/** What calls that are under way read and write: koffi does not hold it. */
const held = new Set<object>()

function load(library: Library): NativeDecoder | undefined {
  const functions = functionsOf(library)
  if (functions === undefined) return undefined
  const { make, free, decode } = functions
  const call = async (source: Uint8Array, target: Uint8Array): Promise<boolean> => {
    const memory = make()
    if (memory === null) return false
    const buffers = [source, target]
    held.add(buffers)
    try {
      const result = await new Promise((resolve, reject) => {
        const done = (error: unknown, value: unknown): void => {
          if (error === null) resolve(value)
          else reject(new Error('not called', { cause: error }))
        }
        decode.async(memory, ...library.arguments(source, target), done)
      })
      return library.isFilled(result, target)
    } catch {
      // it was not even called
      return false
    } finally {
      held.delete(buffers)
      free(memory)
    }
  }
  return (source, target) => limit(call, source, target)
}

type NativeFunction = KoffiFunc<(...args: unknown[]) => unknown>

function functionsOf({
  file,
  make,
  free,
  decode,
}: Library): Record<'make' | 'free' | 'decode', NativeFunction> | undefined {
  try {
    // deep: the library is to use its own functions, not those of the same names in this program
    const library = koffi().load(file, { deep: true })
    return { make: library.func(make), free: library.func(free), decode: library.func(decode) }
  } catch {
    return undefined
  }
}
