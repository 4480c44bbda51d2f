/** Why a name cannot be that of a new file; the key of its text, with what fills it. */
export type NameProblem =
  | { readonly kind: 'empty' | 'separator' | 'reserved' | 'same' }
  | { readonly kind: 'long'; readonly bytes: number; readonly limit: number }

/** Bytes that a file name may have on the usual file systems. */
export const FILE_NAME_LIMIT = 255

export const OVERLAY_SUFFIX = '.add-cow'
export const IMAGE_SUFFIX = '.raw'

const encoder = new TextEncoder()

/** What is wrong with a file name, counted in bytes as file systems do. */
export function nameProblem(name: string): NameProblem | undefined {
  if (name === '') return { kind: 'empty' }
  if (/[/\\]/.test(name)) return { kind: 'separator' }
  if (name === '.' || name === '..' || name.includes('\0')) return { kind: 'reserved' }
  const bytes = encoder.encode(name).length
  return bytes > FILE_NAME_LIMIT ? { kind: 'long', bytes, limit: FILE_NAME_LIMIT } : undefined
}

/** A file name without its last suffix. */
export function stem(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}

/** The image file that is proposed beside an overlay file. */
export function imageNameFor(name: string): string {
  return name === '' ? '' : stem(name) + IMAGE_SUFFIX
}

/** A name for an overlay on a base whose files have no name that is taken already. */
export function proposeName(baseName: string, taken: ReadonlySet<string>): string {
  const root = `${stem(baseName)}-overlay`
  for (let number = 1; ; number += 1) {
    const name = (number === 1 ? root : `${root}-${number}`) + OVERLAY_SUFFIX
    if (!taken.has(name) && !taken.has(imageNameFor(name))) return name
  }
}
