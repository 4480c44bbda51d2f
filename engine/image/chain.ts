import { EngineError, isEngineError } from '../base/errors'
import { throwFirstFailure } from '../base/settled'
import { followName } from '../format/file-names'
import type { BackingReference, Layer, LayerFile } from '../format/layer'
import type { OpenLayerOptions } from '../format/overlay/open-overlay'
import { Overlay } from '../format/overlay/overlay-layer'
import { openLayer } from '../format/registry'
import type { Host } from '../host/host'
import type { FormatName } from '../model/image'

/** Layers that a chain may have, the top and the base included. Each takes two open files. */
export const MAX_CHAIN_LAYERS = 256

export interface ChainOptions extends OpenLayerOptions {
  /** The format of the top where it is known; else it is probed. */
  readonly format?: FormatName
  /** Opens the top alone. */
  readonly topOnly?: boolean
  /** The layers, from the top on, that get the access asked for; 1 where absent. */
  readonly accessLayers?: number
}

/** The layers that could be opened, top first, and what kept the next one from it. */
export interface PartialChain {
  readonly layers: readonly Layer[]
  readonly problem: EngineError | undefined
}

/**
 * Opens a disk with all that lies below, the top with the access that is asked for and the rest for
 * reading. Closes again what it opened where it fails.
 *
 * Errors: those of openLayer for the top; `chain/backing-missing`, `chain/loop`, `chain/same-file`,
 * `chain/too-deep`.
 */
export async function openChain(
  host: Host,
  path: string,
  options: ChainOptions,
): Promise<readonly Layer[]> {
  const { layers, problem } = await openPartialChain(host, path, options)
  if (problem === undefined) return layers
  await closeLayers(layers)
  throw problem
}

/** The same, but what is above the first problem stays open and is returned with it. */
export async function openPartialChain(
  host: Host,
  path: string,
  options: ChainOptions,
): Promise<PartialChain> {
  const layers: Layer[] = []
  try {
    layers.push(await openLayer(host, path, options.format, options))
    // What a person points at is what it says it is, to that person.
    let guessed = false
    for (let top = layers[0]; top !== undefined;) {
      const backing = usedBacking(top)
      if (backing === undefined || options.topOnly === true) break
      top = await openBacking(host, layers, { layer: top, guessed }, backing, options)
      guessed = await isGuess(host, top.path, backing)
      layers.push(top)
    }
    return { layers, problem: undefined }
  } catch (error) {
    if (isEngineError(error)) return { layers, problem: error }
    await closeLayers(layers)
    throw error
  }
}

/** The backing file that a layer really reads from. */
function usedBacking(layer: Layer): BackingReference | undefined {
  return layer instanceof Overlay && layer.allAllocated ? undefined : layer.backing
}

async function openBacking(
  host: Host,
  layers: readonly Layer[],
  { layer: above, guessed }: { readonly layer: Layer; readonly guessed: boolean },
  backing: BackingReference,
  options: ChainOptions,
): Promise<Layer> {
  if (layers.length >= MAX_CHAIN_LAYERS) {
    const message =
      `Cannot open ${above.path}: ` + `its chain has more than ${String(MAX_CHAIN_LAYERS)} layers`
    const details = { path: above.path, limit: MAX_CHAIN_LAYERS }
    throw new EngineError('chain/too-deep', message, details, { state: 'unchanged' })
  }
  const path = await followName(host, backing.name, { path: above.path, guessed })
  const access = layers.length < (options.accessLayers ?? 1) ? options.access : 'read'
  const own = { ...options, access, guessed: await isGuess(host, path, backing) }
  try {
    const layer = await openLayer(host, path, backing.format, own)
    await refuseRepeated(layers, layer, options)
    return layer
  } catch (error) {
    if (!isEngineError(error, 'file/missing')) throw error
    const message = `Cannot open ${above.path}: its backing file ${path} is missing`
    const details = { path: above.path, backing: path }
    throw new EngineError('chain/backing-missing', message, details, {
      cause: error,
      state: 'unchanged',
    })
  }
}

/** Whether the format of a backing file is neither stated nor settled. */
async function isGuess(host: Host, path: string, { format }: BackingReference): Promise<boolean> {
  return format === undefined && (await host.settledFormat?.(path)) === undefined
}

/** Refuses, and closes, a layer one of whose files is in the chain already. */
async function refuseRepeated(
  above: readonly Layer[],
  next: Layer,
  options: ChainOptions,
): Promise<void> {
  for (const file of next.files) {
    const twin = findFile(above, file)
    if (twin === undefined || isHarmless(twin, next, options)) continue
    await next.close()
    const { path } = twin.layer
    const details = { path, twice: file.file.path }
    if (twin.file.role === 'metadata' && file.role === 'metadata') {
      const message = `Cannot open ${path}: its chain leads back to ${next.path}`
      throw new EngineError('chain/loop', message, details, { state: 'unchanged' })
    }
    const message =
      `Cannot open ${path}: ${file.file.path} is one of its ` +
      'own files and lies below it as well'
    throw new EngineError('chain/same-file', message, details, { state: 'unchanged' })
  }
}

/**
 * An image file that is its own backing file loses nothing by being read: bit or no bit, it is the
 * same byte. The driver of layout 1 made and took such overlays, that of layout 2 refused them.
 */
function isHarmless(twin: Twin, next: Layer, options: ChainOptions): boolean {
  if (twin.layer.format !== 'add-cow') return false
  return options.access === 'read' && next.format === 'raw' && twin.file.role === 'data'
}

interface Twin {
  readonly layer: Layer
  readonly file: LayerFile
}

function findFile(layers: readonly Layer[], wanted: LayerFile): Twin | undefined {
  for (const layer of layers) {
    const file = layer.files.find(({ file: { identity } }) => identity === wanted.file.identity)
    if (file !== undefined) return { layer, file }
  }
  return undefined
}

/** Closes all layers; the first failure is thrown when all were tried. */
export async function closeLayers(layers: readonly Layer[]): Promise<void> {
  throwFirstFailure(await Promise.allSettled(layers.map((layer) => layer.close())))
}
