import type { FormatName } from './image'

/**
 * Which of the names that images hold are followed without asking. What a person names is always
 * opened; what an image names may have been put there by somebody else.
 */
export interface Trust {
  /**
   * Files: all of them, or those below the folder of the image that names them, links followed. An
   * image whose own format had to be guessed counts for little: a guest can write anything to a raw
   * disk, so there it is the folder in both cases.
   */
  readonly files: 'any' | 'own-folder'
  /** What a person said yes to: absolute paths, and URIs as errors and chains show them. */
  readonly names: Pick<ReadonlySet<string>, 'has'>
  /** Formats of files that are settled, by path with all links followed: see Host.settledFormat. */
  readonly formats?: Pick<ReadonlyMap<string, FormatName>, 'get'>
}
