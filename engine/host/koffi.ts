import { createRequire } from 'node:module'
import type koffiModule from 'koffi'

type Koffi = typeof koffiModule

let loaded: Koffi | undefined

/**
 * The library that calls what lies in other libraries. It is loaded by the first call: that takes
 * some 20 ms, which a program that needs none of it, such as the main process, shall not pay.
 */
export function koffi(): Koffi {
  if (loaded === undefined) {
    const found: unknown = createRequire(import.meta.url)('koffi')
    if (!isKoffi(found)) throw new TypeError('koffi is not what it was')
    loaded = found
  }
  return loaded
}

function isKoffi(value: unknown): value is Koffi {
  return typeof value === 'object' && value !== null && 'load' in value && 'errno' in value
}
