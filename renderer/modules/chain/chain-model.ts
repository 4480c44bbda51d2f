import type { ImageDetails, ImageId } from '../../../electron/contract/library'
import type { ErrorData } from '../../../engine/base/errors'
import type { LayerInfo } from '../../../engine/model/image'

/** Colours and patterns repeat after this many layers; the number on them never does. */
export const LAYER_LOOKS = 8

/** One layer of a chain as it is drawn. */
export interface DrawnLayer {
  readonly info: LayerInfo
  /** From 1, the top; also what is written on it. */
  readonly number: number
  /** 0..LAYER_LOOKS-1 */
  readonly look: number
  readonly id: ImageId | undefined
  /** Overlays of the library on it, apart from the one above it in this chain. */
  readonly usedByOthers: number
  readonly isTop: boolean
  readonly isBase: boolean
}

/**
 * A part of the stacked bar; `layer` is absent for what no layer holds. Bytes of the top's virtual
 * size.
 */
export interface Share {
  readonly layer?: DrawnLayer
  readonly bytes: number
}

export interface DrawnChain {
  readonly layers: readonly DrawnLayer[]
  /** Undefined where it is not known what each layer serves. */
  readonly shares: readonly Share[] | undefined
  readonly virtualSize: number
  /** Why the chain ends before its base. */
  readonly broken: ErrorData | undefined
}

/** A chain as it is drawn, top first. */
export function drawChain(details: ImageDetails): DrawnChain {
  const { layers: infos, problem } = details.chain
  const layers = infos.map((info, depth): DrawnLayer => {
    const { id, usedBy = 0 } = details.layers[depth] ?? {}
    const aboveIsKnown = depth > 0 && details.layers[depth - 1]?.id !== undefined
    return {
      info,
      number: depth + 1,
      look: depth % LAYER_LOOKS,
      id,
      usedByOthers: Math.max(0, usedBy - (aboveIsKnown ? 1 : 0)),
      isTop: depth === 0,
      isBase: depth === infos.length - 1 && problem === undefined,
    }
  })
  const virtualSize = infos[0]?.virtualSize ?? 0
  return {
    layers,
    shares: problem === undefined ? sharesOf(layers, virtualSize) : undefined,
    virtualSize,
    broken: problem,
  }
}

function sharesOf(layers: readonly DrawnLayer[], virtualSize: number): Share[] | undefined {
  if (layers.some((layer) => layer.info.servedBytes === undefined)) return undefined
  const shares: Share[] = layers
    .map((layer) => ({ layer, bytes: layer.info.servedBytes ?? 0 }))
    .filter((share) => share.bytes > 0)
  const served = shares.reduce((sum, share) => sum + share.bytes, 0)
  return served < virtualSize ? [...shares, { bytes: virtualSize - served }] : shares
}
