import type { ImageId } from '../../../electron/contract/library'

/**
 * Which element of the page a row has, by number. A row keeps its element while it is in sight; one
 * that comes into sight takes that of one that left: to fill an element anew costs far less than to
 * make one.
 */
export class RowSlots {
  private readonly slots = new Map<ImageId, number>()
  private readonly free: number[] = []

  /** These rows are in sight from now on: the elements of all others are free. */
  keep(ids: readonly ImageId[]): void {
    const kept = new Set(ids)
    for (const [id, slot] of this.slots) {
      if (kept.has(id)) continue
      this.slots.delete(id)
      this.free.push(slot)
    }
  }

  /** The slot of a row that is in sight; no other one has the same. */
  of(id: ImageId): number {
    const slot = this.slots.get(id) ?? this.free.pop() ?? this.slots.size
    this.slots.set(id, slot)
    return slot
  }
}
