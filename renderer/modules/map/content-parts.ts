import type { DiskContent, FileSystem, Partition } from '../../../engine/model/content'

/** A stretch of the disk with something known in it. Bytes from (inclusive) and to (exclusive). */
export interface ContentPart {
  readonly from: number
  readonly to: number
  /** Absent for a file system that covers the disk without a partition table. */
  readonly partition?: Partition
  readonly fileSystem?: FileSystem
}

/** What is inside of a disk, in the order in which it lies there; clipped at its end. */
export function contentParts(content: DiskContent | undefined, size: number): ContentPart[] {
  const parts: ContentPart[] = []
  for (const partition of content?.table?.partitions ?? []) {
    const { offset, length, fileSystem } = partition
    const to = Math.min(size, offset + length)
    if (offset >= to) continue
    parts.push({ from: offset, to, partition, ...(fileSystem && { fileSystem }) })
  }
  const whole = content?.fileSystem
  if (whole !== undefined && size > 0) {
    parts.push({ from: 0, to: Math.min(size, whole.size ?? size), fileSystem: whole })
  }
  return parts.sort((a, b) => a.from - b.from || b.to - a.to)
}

/** The parts that have a byte in a range. */
export function partsIn<Part extends ContentPart>(
  parts: readonly Part[],
  from: number,
  to: number,
): readonly Part[] {
  return parts.filter((part) => part.from < to && from < part.to)
}
