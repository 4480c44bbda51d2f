import type { ImageState, ImageSummary } from '../../../electron/contract/library'
import { STATE_ORDER } from './image-tree'

/** What the list shows by state: all, what needs a look, or the images of one state. */
export type StateFilter = 'all' | 'trouble' | ImageState

/** States in which there is nothing for a person to do. */
const WELL: ReadonlySet<ImageState> = new Set(['ok', 'in-use', 'scanning'])

function* inOrder(): Generator<ImageState> {
  let state: ImageState
  for (state in STATE_ORDER) yield state
}
const STATES: readonly ImageState[] = [...inOrder()]
const TROUBLE: ReadonlySet<ImageState> = new Set(STATES.filter((state) => !WELL.has(state)))

/** The states that a filter shows; undefined = all. */
export function statesOf(filter: StateFilter): ReadonlySet<ImageState> | undefined {
  if (filter === 'all') return undefined
  return filter === 'trouble' ? TROUBLE : new Set([filter])
}

export interface FilterChoice {
  readonly filter: StateFilter
  readonly count: number
}

/** The filters that there is a reason to offer, with the number of images that each shows. */
export function filterChoices(
  images: Iterable<ImageSummary>,
  present: StateFilter,
): readonly FilterChoice[] {
  const counts = new Map<ImageState, number>()
  let all = 0
  let trouble = 0
  for (const { state } of images) {
    all += 1
    if (TROUBLE.has(state)) trouble += 1
    counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  const single = STATES.map((state) => ({ filter: state, count: counts.get(state) ?? 0 }))
  return [
    { filter: 'all', count: all },
    { filter: 'trouble', count: trouble },
    ...single.filter(({ filter, count }) => count > 0 || filter === present),
  ]
}
