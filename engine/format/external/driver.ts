import { throwFirstFailure } from '../../base/settled'
import type { Host, HostFile } from '../../host/host'
import { EngineError } from '../../base/errors'
import type { ExternalFormat } from '../../model/image'
import type { OpenLayerOptions } from '../overlay/open-overlay'
import { ExternalLayer } from './external-layer'
import { openNamedFiles } from './named-files'
import { VhdxBlocks } from './vhdx-blocks'

/**
 * Opens an image of a format that another program reads for us. `file` is the image, already open.
 * Closes nothing of what it was given.
 *
 * Errors: `read-only` where it is to be written; `format/needs-program` where there is no program
 * for it; those of openNamedFiles, and of the program: see openWithQemu.
 */
export async function openExternal(
  host: Host,
  file: HostFile,
  format: ExternalFormat,
  options: OpenLayerOptions,
): Promise<ExternalLayer> {
  const { path } = file
  if (options.access !== 'read') throw readOnly(path, format)
  // The parts of such an image lie beside it, so one that names anything else is asked about.
  const extents = await openNamedFiles(host, { path, guessed: true }, file, format)
  try {
    if (host.openInside === undefined) throw noProgram(path, format)
    const inside = await host.openInside(path, format)
    try {
      const { size } = await inside.stat()
      const blocks = format === 'vhdx' ? await VhdxBlocks.open(file, size) : undefined
      const content = blocks ?? inside
      return new ExternalLayer({ path, format, size, files: [file, ...extents], inside, content })
    } catch (error) {
      await inside.close()
      throw error
    }
  } catch (error) {
    throwFirstFailure(await Promise.allSettled(extents.map((extent) => extent.close())))
    throw error
  }
}

function readOnly(path: string, format: string): EngineError {
  const message =
    `Cannot write to ${path}: ${format} images are only read; ` +
    'make an overlay on it, and write to that'
  return new EngineError('read-only', message, { path, format }, { state: 'unchanged' })
}

function noProgram(path: string, format: string): EngineError {
  const message = `Cannot open ${path}: no program is known here that reads ${format} images`
  const details = { path, format }
  return new EngineError('format/needs-program', message, details, { state: 'unchanged' })
}
