import { alignDown, alignUp, divCeil } from '../../base/units'
import type { Readable } from '../layer'
import type { OverlayStorage } from './overlay-storage'
import { populateRuns } from './populate'

/**
 * Changes the virtual size of an overlay.
 *
 * One step decides which size a crash leaves: the write of the header's size field (layout 1), or
 * the change of the image file's length (layout 2). Everything that the larger size needs is
 * durable before it; everything that only the larger size used goes after it. Bits behind the end
 * mean nothing, and a crash may leave some; so growing clears them first, whatever was done before.
 *
 * Growing never uncovers: where what lies below is longer than the old size, the grown part is made
 * allocated and zero.
 */
export async function resizeOverlay(
  overlay: OverlayStorage,
  size: number,
  below: Readable,
): Promise<void> {
  await overlay.flush()
  const old = overlay.size
  if (size === old) return
  try {
    if (size > old) await grow(overlay, old, size, below)
    else await storeSize(overlay, size)
    overlay.size = size
    if (size < old) await dropTail(overlay, size)
  } finally {
    overlay.reloadBitmap()
  }
}

async function grow(
  overlay: OverlayStorage,
  old: number,
  size: number,
  below: Readable,
): Promise<void> {
  const { clusterSize, image } = overlay
  // A last cluster that is there in part would show, in its other part, what lies below.
  const lastStart = alignDown(old, clusterSize)
  if (lastStart < old && below.size > old) {
    const last = { offset: lastStart, length: old - lastStart }
    if (!(await overlay.allocationAt(last)).allocated) {
      await populateRuns(image, [last], below)
      await overlay.setBits(last)
      await overlay.flush()
    }
  }
  await setBitmapEnd(overlay, old, size)

  // Before any bit speaks of it. Where the image file's length is the size, it is the deciding
  // step.
  if (overlay.layout.storeSize !== undefined && (await image.stat()).size < size) {
    await image.truncate(size)
  }
  // An image file may be longer than the disk: what is behind its end must not appear in a cluster
  // that is allocated.
  const hiddenStart = alignUp(old, clusterSize)
  const hiddenEnd = Math.min(size, Math.max(hiddenStart, below.size))
  await image.punchHole({ offset: old, length: hiddenEnd - old })
  await overlay.syncImage()
  if (hiddenEnd > hiddenStart) {
    overlay.bitmap.reset(divCeil(size, clusterSize))
    await overlay.bitmap.set(
      hiddenStart / clusterSize,
      divCeil(hiddenEnd - hiddenStart, clusterSize),
    )
    await overlay.bitmap.writeBack()
    await overlay.syncMetadata()
  }
  await storeSize(overlay, size)
}

/** The deciding step. Where it fails, the size on disk may be the old or the new one. */
async function storeSize(overlay: OverlayStorage, size: number): Promise<void> {
  const { layout, metadata, image } = overlay
  if (layout.storeSize === undefined) {
    await overlay.failure.of(image.truncate(size))
    await overlay.syncImage()
  } else {
    await overlay.failure.of(layout.storeSize(metadata, size))
    await overlay.syncMetadata()
  }
}

/** Gives back what lies behind the new end, in the bitmap and in the image file. */
async function dropTail(overlay: OverlayStorage, size: number): Promise<void> {
  const { image } = overlay
  await setBitmapEnd(overlay, size, size)
  if ((await image.stat()).size > size) {
    await image.truncate(size)
    await overlay.syncImage()
  }
}

/**
 * Makes the bits behind `size` zero, and the add-cow file as long as `newSize` needs it. Durable.
 */
async function setBitmapEnd(overlay: OverlayStorage, size: number, newSize: number): Promise<void> {
  const { metadata, layout } = overlay
  await metadata.truncate(await clearLastByte(overlay, size))
  await metadata.truncate(layout.fileLength(newSize))
  await overlay.syncMetadata()
}

/**
 * Makes the bits behind `size` zero in the last byte of the bitmap that has one before it; returns
 * where in the file the next byte lies. Not durable.
 */
export async function clearLastByte(overlay: OverlayStorage, size: number): Promise<number> {
  const { metadata, layout, clusterSize } = overlay
  const bits = divCeil(size, clusterSize)
  const end = layout.bitmapOffset + divCeil(bits, 8)
  if (bits % 8 !== 0) {
    const last = new Uint8Array(1)
    await metadata.read(last, end - 1)
    last[0] = (last[0] ?? 0) & ((1 << (bits % 8)) - 1)
    await metadata.write(last, end - 1)
  }
  return end
}
