import type { ErrorData } from '../../../engine/base/errors'
import { fileName } from '../../composables/use-error-text'

/** The fields of the dialog, and `general` for what belongs to none of them. */
export type CreateField = 'base' | 'name' | 'imageFile' | 'folder' | 'size' | 'general'

const BY_NAME: Readonly<Record<string, CreateField>> = {
  size: 'size',
  'image file name': 'imageFile',
  'backing file name': 'base',
}

/** The field that a problem of a plan belongs to. */
export function fieldOf(
  problem: ErrorData,
  names: { readonly name: string; readonly imageFileName: string },
): CreateField {
  // is answered with a button
  if (problem.code === 'chain/needs-consent') return 'general'
  const { field, path, twice } = problem.details
  const named = typeof field === 'string' ? BY_NAME[field] : undefined
  if (named !== undefined) return named
  if (problem.code === 'io/no-space') return 'folder'
  for (const file of [twice, path]) {
    if (typeof file !== 'string') continue
    const last = fileName(file)
    if (last === names.imageFileName) return 'imageFile'
    if (last === names.name && problem.code === 'file/exists') return 'name'
  }
  if (problem.code === 'file/missing' || problem.code === 'io/denied') return 'folder'
  return /^(chain|format)\//.test(problem.code) ? 'base' : 'general'
}
