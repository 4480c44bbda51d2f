import { basename } from 'node:path'
import { nodeHost, runJob } from '../../../engine/index'

/** Makes an overlay on a base by the engine itself, its image file beside it. */
export async function makeOverlay(path: string, backingFile: string): Promise<void> {
  const imageFile = basename(path).replace(/\.add-cow$/, '.raw')
  const control = { signal: new AbortController().signal, report: () => undefined }
  const request = { kind: 'create', path, format: 'add-cow', imageFile, backingFile } as const
  await runJob(nodeHost, request, control)
}
