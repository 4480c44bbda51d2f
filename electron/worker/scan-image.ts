import { type Host, inspectChain } from '../../engine'
import type { ScannedImage } from './calls'
import { realPath } from './real-path'

/** Looks at an image and all that lies below it. Errors: those of inspectChain for the top. */
export async function scanImage(host: Host, path: string): Promise<ScannedImage> {
  const chain = await inspectChain(host, path)
  const layerPaths = await Promise.all(chain.layers.map((layer) => realPath(layer.path)))
  const [top] = chain.layers
  const imageFile = top?.imageFile?.path
  const backing = top?.backing?.path
  return {
    chain,
    layerPaths,
    ...(imageFile !== undefined && { imagePath: await realPath(imageFile) }),
    ...(backing !== undefined && { backingPath: await realPath(backing) }),
  }
}
