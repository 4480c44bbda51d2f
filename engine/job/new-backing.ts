import { EngineError, isEngineError } from '../base/errors'
import { resolveName } from '../format/file-names'
import type { Layer } from '../format/layer'
import { probeFile } from '../format/registry'
import type { Host } from '../host/host'
import { closeLayers, openChain } from '../image/chain'
import type { FormatName, OverlayFormat } from '../model/image'

/** A backing file that an overlay is to have. */
export interface NewBacking {
  /** The overlay's add-cow file, and its layout. */
  readonly path: string
  readonly layout: OverlayFormat
  /** The name as it is to be stored, and the format where it is known. */
  readonly name: string
  readonly format?: FormatName | undefined
  /** How an error begins: `Cannot make /x.add-cow`. */
  readonly failing: string
}

/**
 * Opens what is to lie below an overlay, for reading, just as it will be opened through the
 * overlay. Errors: those of openChain; `invalid-argument` where the layout does not store the
 * format and the next open would find another.
 */
export async function openNewBacking(host: Host, backing: NewBacking): Promise<readonly Layer[]> {
  const backingPath = resolveName(backing.name, backing.path)
  const layers = await openStated(host, backingPath, backing)
  try {
    if (backing.layout === 'add-cow') await refuseHiddenFormat(host, backingPath, backing)
  } catch (error) {
    await closeLayers(layers)
    throw error
  }
  return layers
}

async function openStated(
  host: Host,
  backingPath: string,
  { path, format, failing }: NewBacking,
): Promise<readonly Layer[]> {
  const access = { access: 'read' } as const
  try {
    return await openChain(host, backingPath, format === undefined ? access : { ...access, format })
  } catch (error) {
    if (!isEngineError(error, 'file/missing')) throw error
    const message = `${failing}: its backing file ${backingPath} is missing`
    const details = { path, backing: backingPath }
    throw new EngineError('chain/backing-missing', message, details, {
      cause: error,
      state: 'unchanged',
    })
  }
}

/** Layout 1 stores no format: what a person states must be what the next open will find. */
async function refuseHiddenFormat(
  host: Host,
  backingPath: string,
  { format, failing }: NewBacking,
): Promise<void> {
  if (format === undefined) return
  // nothing that is settled here counts: whoever opens the overlay elsewhere does not know of it
  const file = await host.open(backingPath, { access: 'read' })
  const detected = await probeFile(file).finally(() => file.close())
  const found = 'format' in detected ? detected.format : detected.foreign
  if (found === format) return
  const message =
    `${failing}: this layout does not store the backing file's format, ` +
    `and ${backingPath} looks like ${found}, not ${format}`
  throw new EngineError('invalid-argument', message, { path: backingPath }, { state: 'unchanged' })
}

/** What layout 2 stores for the format of a backing file. */
export function storedFormat(format: FormatName): string {
  // the word of those who made the layout: it stands for both
  return format === 'acow' ? 'add-cow' : format
}
