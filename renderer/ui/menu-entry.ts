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
