import type { Shortcut } from '../../shortcuts'

/** Keys, any of which does the same, and the name of what they do. */
export interface KeyUse {
  readonly name: string
  /** With the case that KeyboardEvent.key has. */
  readonly keys: readonly Shortcut[]
}

/** The keys of a map, which has the focus. */
export const MAP_KEYS = [
  {
    name: 'cell',
    keys: [{ key: 'ArrowLeft' }, { key: 'ArrowRight' }, { key: 'ArrowUp' }, { key: 'ArrowDown' }],
  },
  { name: 'screen', keys: [{ key: 'PageUp' }, { key: 'PageDown' }] },
  { name: 'closer', keys: [{ key: '+' }] },
  { name: 'farther', keys: [{ key: '-' }] },
  { name: 'whole', keys: [{ key: 'Home' }] },
  { name: 'into', keys: [{ key: 'Enter' }] },
] as const satisfies readonly KeyUse[]
