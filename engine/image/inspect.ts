import { rangeEnd } from '../base/byte-range'
import { EngineError, isEngineError } from '../base/errors'
import type { Host } from '../host/host'
import type { ChainInfo, LayerInfo } from '../model/image'
import { closeLayers, openChain, openPartialChain } from './chain'
import { DiskView } from './disk-view'

/**
 * What one image is, without opening what lies below. Takes no lock: an image that is in use can be
 * looked at. Errors: those of openLayer.
 */
export async function inspectImage(host: Host, path: string): Promise<LayerInfo> {
  const layers = await openChain(host, path, { access: 'read', topOnly: true })
  try {
    const [top] = await Promise.all(layers.map((layer) => layer.info()))
    if (top === undefined) throw new Error('a chain without a top')
    return { ...top, depth: 0 }
  } finally {
    await closeLayers(layers)
  }
}

/**
 * A whole chain, top first, with what each layer serves of the top's virtual size. Where a layer
 * cannot be opened, the chain ends above it and says why; where the tables of one are damaged, it
 * says that as well. Errors: those of openLayer for the top.
 */
export async function inspectChain(host: Host, path: string): Promise<ChainInfo> {
  const { layers, problem } = await openPartialChain(host, path, { access: 'read' })
  if (layers.length === 0 && problem !== undefined) throw problem
  try {
    const infos = await Promise.all(layers.map((layer) => layer.info()))
    const served = problem ?? (await countServed(new DiskView(layers, 0), layers.length))
    if (served instanceof EngineError) {
      return { layers: infos.map((info, depth) => ({ ...info, depth })), problem: served.toData() }
    }
    return {
      layers: infos.map((info, depth) => ({ ...info, depth, servedBytes: served[depth] ?? 0 })),
    }
  } finally {
    await closeLayers(layers)
  }
}

/** Bytes by layer; the error where the tables of one of them are damaged. */
async function countServed(view: DiskView, layers: number): Promise<number[] | EngineError> {
  try {
    return await countBytes(view, layers)
  } catch (error) {
    if (isEngineError(error, 'format/corrupt')) return error
    throw error
  }
}

async function countBytes(view: DiskView, layers: number): Promise<number[]> {
  const served = new Array<number>(layers).fill(0)
  for (let at = 0; at < view.size;) {
    const located = view.servedAt({ offset: at, length: view.size - at })
    const { depth, length } = located instanceof Promise ? await located : located
    if (depth !== undefined) served[depth] = (served[depth] ?? 0) + length
    at = rangeEnd({ offset: at, length })
  }
  return served
}
