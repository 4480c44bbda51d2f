import type { ImageRecord } from './image-record'
import type { Library } from './library'

/**
 * The images of the library that read, through their chain, one of the files: those that would read
 * something else if its content changed. A way that leads through `except` does not count, and
 * neither does one through a layer that decides all of its disk itself.
 */
export function readersOf(
  library: Library,
  files: readonly string[],
  except?: string,
): readonly ImageRecord[] {
  const wanted = new Set(files)
  return library
    .records()
    .filter((record) => record.path !== except && readsThrough(library, record, wanted, except))
}

function readsThrough(
  library: Library,
  record: ImageRecord,
  wanted: ReadonlySet<string>,
  except: string | undefined,
): boolean {
  const met = new Set<ImageRecord>()
  for (let at = record; !met.has(at) && !isComplete(at);) {
    met.add(at)
    const { basePath, filesBelow } = at.seen
    if (basePath === undefined || basePath === except) return false
    if (wanted.has(basePath)) return true
    const id = library.idOf(basePath)
    if (id === undefined) {
      // a layer that the library does not have: all that is known is what lies below
      const around = except !== undefined && filesBelow.includes(except)
      return !around && filesBelow.some((file) => wanted.has(file))
    }
    at = library.record(id)
  }
  return false
}

/** Whether nothing below is read any more, as far as the last scan knows. */
function isComplete({ seen }: ImageRecord): boolean {
  return seen.allocatedBytes >= seen.virtualSize
}

/** The files of the layer right below an image: its base, and that one's image file. */
export function baseFiles({ seen }: ImageRecord, library: Library): readonly string[] {
  const { basePath, filesBelow } = seen
  if (basePath === undefined) return []
  const id = library.idOf(basePath)
  if (id !== undefined) {
    const { imagePath } = library.record(id).seen
    return imagePath === undefined ? [basePath] : [basePath, imagePath]
  }
  // a scan lists the files layer by layer: what follows an overlay's own is its image file
  return filesBelow.slice(0, 2)
}

/**
 * The images that would be broken if an overlay were committed: all that read its base in another
 * way than through it, and all that read its image file, which gives up what it has.
 */
export function brokenByCommit(library: Library, overlay: ImageRecord): readonly ImageRecord[] {
  const { imagePath } = overlay.seen
  const files = [...baseFiles(overlay, library), ...(imagePath === undefined ? [] : [imagePath])]
  return readersOf(library, files, overlay.path)
}
