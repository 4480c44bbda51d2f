import type { HostFile } from '../../host/host'
import type { Finding, OverlayFormat } from '../../model/image'
import type { BackingReference, OverlayNames } from '../layer'

/**
 * What the two on-disk layouts of an overlay differ in, once the header is read. All sizes and
 * offsets are bytes.
 */
export interface OverlayLayout {
  readonly format: OverlayFormat
  /** Bytes that one bit of the bitmap covers. */
  readonly clusterSize: number
  readonly bitmapOffset: number
  readonly imageName: string
  readonly backing: BackingReference | undefined
  /** Backing file and bitmap are not used: the image file decides everything. */
  readonly allAllocated: boolean
  /** What is odd in the header, but no reason to refuse it. */
  readonly oddities: readonly Finding[]
  /** How long the add-cow file is for a virtual size. */
  fileLength(size: number): number
  /**
   * A header with other names and all else as in `file`, for a virtual size of `size`.
   * `invalid-argument` where a name is too long.
   */
  renamedHeader(file: HostFile, names: OverlayNames, size: number): Promise<Uint8Array>
  /**
   * Writes the virtual size to the header; absent where the image file's length is the virtual
   * size.
   */
  readonly storeSize?: (file: HostFile, size: number) => Promise<void>
  /** Writes the flag that says that all is allocated; absent where the layout has none. */
  readonly storeAllAllocated?: (file: HostFile) => Promise<void>
}
