import {
  type ChainInfo,
  type Host,
  type LayerInfo,
  fingerprintDisk,
  inspectChain,
  isEngineError,
} from '../../engine'
import type { BaseMark, ScannedImage } from './calls'
import { realPath } from './real-path'
import { signatureOf } from './signature'

const SECTOR = 512

/** Looks at an image and all that lies below it. Errors: those of inspectChain for the top. */
export async function scanImage(
  host: Host,
  path: string,
  knownBase: BaseMark | undefined,
): Promise<ScannedImage> {
  const chain = await inspectChain(host, path)
  const layerPaths = await realPaths(chain.layers.map((layer) => layer.path))
  const [top, ...below] = chain.layers
  const [imagePath] = await realPaths([top?.imageFile?.path])
  const [backingPath] = await realPaths([top?.backing?.path])
  const found = await realPaths([
    top?.backing?.path,
    ...below.flatMap((layer) => [...pathsOf(layer), layer.backing?.path]),
    top?.qcow2?.dataFile?.path,
  ])
  const filesBelow = [...new Set(found)]
  const ownFiles = await realPaths([path, imagePath])
  const base = chain.problem === undefined ? await markBase(host, chain, knownBase) : undefined
  return {
    chain,
    layerPaths,
    filesBelow,
    signature: await signatureOf([...ownFiles, ...filesBelow]),
    ...(imagePath !== undefined && { imagePath }),
    ...(backingPath !== undefined && { backingPath }),
    ...(base !== undefined && { base }),
  }
}

/** Where the layer's own bytes are. */
function pathsOf({ path, imageFile, qcow2 }: LayerInfo): readonly (string | undefined)[] {
  return [path, imageFile?.path, qcow2?.dataFile?.path]
}

async function realPaths(paths: readonly (string | undefined)[]): Promise<readonly string[]> {
  const known = paths.filter((path) => path !== undefined)
  return await Promise.all(known.map((path) => realPath(path)))
}

/** The base as it is now; the mark that is known where nothing on the outside says otherwise. */
async function markBase(
  host: Host,
  { layers }: ChainInfo,
  known: BaseMark | undefined,
): Promise<BaseMark | undefined> {
  const below = layers.slice(1)
  const [base] = below
  if (base === undefined) return undefined
  const size = base.virtualSize - (base.virtualSize % SECTOR)
  const modifiedAt = Math.max(...below.map((layer) => layer.modifiedAt))
  const { format } = base
  if (
    known?.format === format &&
    known.fingerprint.size === size &&
    known.fingerprint.modifiedAt === modifiedAt
  ) {
    return known
  }
  try {
    return { format, fingerprint: await fingerprintDisk(host, base.path, format) }
  } catch (error) {
    // it went away between two looks: the next scan says so
    if (isEngineError(error)) return undefined
    throw error
  }
}
