import { fileName } from '../../composables/use-error-text'
import { useText } from '../../composables/use-text'
import type { DrawnLayer } from '../chain/chain-model'
import type { CellPart } from './cell-parts'

type Who = Pick<CellPart, 'depth' | 'content'>

export interface PartWords {
  /** `web.add-cow, zeros` */
  readonly short: (part: Who) => string
  /** The same with the number of the layer, for those who do not see it. */
  readonly full: (part: Who) => string
  readonly content: (part: Who) => string
  /** Path of the file that the bytes are in; empty where they are in none. */
  readonly path: (part: Who) => string
  /** The class of the layer's colour. */
  readonly look: (part: Who) => string
}

/** Who serves a part of a disk, in words. */
export function usePartWords(layers: () => readonly DrawnLayer[]): PartWords {
  const text = useText()

  function layerOf({ depth }: Who): DrawnLayer | undefined {
    return depth === undefined ? undefined : layers()[depth]
  }

  function path(part: Who): string {
    const info = layerOf(part)?.info
    return info?.imageFile?.path ?? info?.path ?? ''
  }

  function content(part: Who): string {
    return text(part.content === 'data' ? 'map.data' : 'map.zeros')
  }

  function short(part: Who): string {
    if (part.depth === undefined) return text('map.nobody')
    const name = fileName(path(part))
    return part.content === 'data' ? name : `${name}, ${content(part)}`
  }

  return {
    short,
    content,
    path,
    full: (part) => {
      if (part.depth === undefined) return short(part)
      return `${text('chain.layer', { number: part.depth + 1 })}, ${short(part)}`
    },
    look: (part) => `layer-look--${layerOf(part)?.look ?? 'none'}`,
  }
}
