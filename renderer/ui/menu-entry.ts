import type { Component } from 'vue'

/** One line of a menu. */
export interface MenuEntry {
  readonly label: string
  readonly icon?: Component | undefined
  /** The shortcut that does the same, as it is written. */
  readonly keys?: string | undefined
  /** Why it cannot be done now. */
  readonly reason?: string | undefined
  /** A line above it. */
  readonly separated?: boolean
  readonly run: () => void
}

/** From how many entries on a reason is said once for all of them. */
const MANY = 3

/** The reason that most entries of a menu have, where there are many of them. */
export function commonReason(entries: readonly MenuEntry[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { reason } of entries)
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const most = Math.max(0, ...counts.values())
  return most < MANY ? undefined : [...counts.keys()].find((reason) => counts.get(reason) === most)
}
