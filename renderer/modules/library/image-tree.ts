import type { ImageId, ImageState, ImageSummary } from '../../../electron/contract/library'

export const SORT_COLUMNS = [
  'name',
  'state',
  'virtualSize',
  'sizeOnDisk',
  'allocated',
  'base',
  'usedBy',
  'modified',
] as const

export type SortColumn = (typeof SORT_COLUMNS)[number]

export interface Sort {
  readonly column: SortColumn
  readonly direction: 'ascending' | 'descending'
}

/**
 * One row of the list, as a treegrid tells it: level, position and number of siblings count from 1.
 */
export interface ImageRow {
  readonly image: ImageSummary
  readonly level: number
  readonly position: number
  readonly siblings: number
  readonly parentId: ImageId | undefined
  readonly hasChildren: boolean
  readonly expanded: boolean
  /** False for a row that is only there because one below it matches the search. */
  readonly matches: boolean
}

/** An image with the overlays that stand directly on it. */
export interface ImageNode {
  readonly image: ImageSummary
  readonly parentId: ImageId | undefined
  readonly children: ImageNode[]
}

type Images = ReadonlyMap<ImageId, ImageSummary>

/**
 * The base of each image, where the library has it. Bases that lead back to where one came from
 * cannot be drawn as a tree: one image of such a ring is taken as its root.
 */
function parentsOf(images: Images): Map<ImageId, ImageId | undefined> {
  const parents = new Map<ImageId, ImageId | undefined>()
  for (const start of images.values()) {
    const way = new Set<ImageId>()
    let at: ImageSummary | undefined = start
    while (at !== undefined && !parents.has(at.id)) {
      way.add(at.id)
      const base: ImageSummary | undefined =
        at.baseId === undefined ? undefined : images.get(at.baseId)
      const ring: boolean = base !== undefined && way.has(base.id)
      parents.set(at.id, ring ? undefined : base?.id)
      at = ring ? undefined : base
    }
  }
  return parents
}

/** All images as trees, sorted on every level. */
export function buildForest(
  images: Images,
  compare: (a: ImageSummary, b: ImageSummary) => number,
): ImageNode[] {
  const parents = parentsOf(images)
  const nodes = new Map<ImageId, ImageNode>()
  for (const image of images.values())
    nodes.set(image.id, { image, parentId: parents.get(image.id), children: [] })

  const roots: ImageNode[] = []
  for (const node of nodes.values()) {
    const parent = node.parentId === undefined ? undefined : nodes.get(node.parentId)
    const siblings = parent?.children ?? roots
    siblings.push(node)
  }
  const byImage = (a: ImageNode, b: ImageNode): number => compare(a.image, b.image)
  roots.sort(byImage)
  for (const node of nodes.values()) if (node.children.length > 1) node.children.sort(byImage)
  return roots
}

/** Whether every word of the search is in an image's name or directory, whatever the case. */
export function matchesFilter(image: ImageSummary, words: readonly string[]): boolean {
  const text = `${image.name}\n${image.directory}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

/** The words of a search text. */
export function filterWords(text: string): string[] {
  return text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
}

/**
 * Nodes to be shown where some are hidden: what matches, and what leads to it. Iterative: chains
 * may be long.
 */
function shownNodes(forest: readonly ImageNode[], matches: Matcher): Set<ImageId> {
  const order: ImageNode[] = [...forest]
  for (const node of order) order.push(...node.children)
  const shown = new Set<ImageId>()
  for (const node of order.reverse())
    if (matches(node.image) || node.children.some((child) => shown.has(child.image.id)))
      shown.add(node.image.id)
  return shown
}

type Matcher = (image: ImageSummary) => boolean

export interface RowOptions {
  readonly filter: string
  /** The states to be shown; all where absent. */
  readonly states?: ReadonlySet<ImageState> | undefined
  readonly collapsed: ReadonlySet<ImageId>
}

/** What search and states leave; undefined where nothing is hidden. */
function matcherOf({ filter, states }: RowOptions): Matcher | undefined {
  const words = filterWords(filter)
  if (words.length === 0 && states === undefined) return undefined
  return (image) => states?.has(image.state) !== false && matchesFilter(image, words)
}

/** The rows to be seen, from top to bottom. A search opens every branch that has a match. */
export function flattenForest(forest: readonly ImageNode[], options: RowOptions): ImageRow[] {
  const matches = matcherOf(options)
  const shown = matches && shownNodes(forest, matches)
  const visible = (nodes: readonly ImageNode[]): readonly ImageNode[] =>
    shown === undefined ? nodes : nodes.filter((node) => shown.has(node.image.id))

  const rows: ImageRow[] = []
  const open = [{ nodes: visible(forest), next: 0 }]
  for (let branch = open.at(-1); branch !== undefined; branch = open.at(-1)) {
    const node = branch.nodes[branch.next]
    if (node === undefined) {
      open.pop()
      continue
    }
    branch.next += 1
    const children = visible(node.children)
    const expanded =
      children.length > 0 && (shown !== undefined || !options.collapsed.has(node.image.id))
    rows.push({
      image: node.image,
      level: open.length,
      position: branch.next,
      siblings: branch.nodes.length,
      parentId: node.parentId,
      hasChildren: children.length > 0,
      expanded,
      matches: matches === undefined || matches(node.image),
    })
    if (expanded) open.push({ nodes: children, next: 0 })
  }
  return rows
}

/** From what needs a look to what is well. */
export const STATE_ORDER: Readonly<Record<ImageState, number>> = {
  unreadable: 0,
  missing: 1,
  'data-missing': 2,
  'base-missing': 3,
  'base-changed': 4,
  'needs-check': 5,
  'needs-consent': 6,
  'in-use': 7,
  scanning: 8,
  ok: 9,
}

type SortValue = string | number | undefined

function sortValue(image: ImageSummary, column: SortColumn): SortValue {
  switch (column) {
    case 'name':
      return image.name
    case 'state':
      return STATE_ORDER[image.state]
    case 'virtualSize':
      return image.virtualSize
    case 'sizeOnDisk':
      return image.sizeOnDisk
    case 'allocated':
      return allocatedShare(image)
    case 'base':
      return image.baseName
    case 'usedBy':
      return image.usedBy
    case 'modified':
      return image.modifiedAt
  }
}

/**
 * The part of the disk that an overlay decides itself, 0..1; undefined for a plain disk or where it
 * is not known.
 */
export function allocatedShare(image: ImageSummary): number | undefined {
  if (image.format === 'raw') return undefined
  if (image.allocatedBytes === undefined || image.virtualSize === undefined) return undefined
  return image.virtualSize === 0 ? 0 : image.allocatedBytes / image.virtualSize
}

/**
 * An order of images by the value of a column; what is not known stands last in both directions.
 * Equal values stand by name.
 */
export function imageOrder(
  sort: Sort,
  collator: Intl.Collator,
): (a: ImageSummary, b: ImageSummary) => number {
  const sign = sort.direction === 'ascending' ? 1 : -1
  const byName = (a: ImageSummary, b: ImageSummary): number =>
    collator.compare(a.name, b.name) || collator.compare(a.directory, b.directory)
  return (a, b) => {
    const left = sortValue(a, sort.column)
    const right = sortValue(b, sort.column)
    if (left === right) return byName(a, b)
    if (left === undefined) return 1
    if (right === undefined) return -1
    const order =
      typeof left === 'number' && typeof right === 'number'
        ? left - right
        : collator.compare(String(left), String(right))
    return order === 0 ? byName(a, b) : sign * order
  }
}
