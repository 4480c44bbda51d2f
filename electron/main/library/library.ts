import { randomUUID } from 'node:crypto'
import { basename, dirname } from 'node:path'
import { type CheckResult, EngineError, type ErrorData, type FormatName } from '../../../engine'
import type { Events } from '../../contract/commands'
import type { ImageId, ImageSummary } from '../../contract/library'
import type { BaseMark, ScannedImage } from '../../worker/calls'
import { type ImageRecord, allFiles, ownFiles, seenImage } from './image-record'
import { type Judgement, type ScanOutcome, hasSameContent, judge } from './judge'
import { MultiMap } from './multi-map'

/** Changes that come soon after one another go to the window together, so many at a time. */
const TELL_DELAY_MS = 50
const TELL_AT_A_TIME = 500

export interface LibraryOptions {
  readonly records: readonly ImageRecord[]
  readonly onChange: (event: Events['library.changed']) => void
  /** Something that must survive a restart is different now. */
  readonly onRecordsChange: () => void
  /** An image is in the list, and of that format from now on; undefined: not in it any more. */
  readonly onFormat: (path: string, format: FormatName | undefined) => void
}

/**
 * The images that the application knows: what is remembered of each, what the last scan found, and
 * who stands on whom. Does no file access; scans are brought to it.
 */
export class Library {
  private readonly images = new Map<ImageId, ImageRecord>()
  /** Absent where no scan was done since the start. */
  private readonly judgements = new Map<ImageId, Judgement>()
  /** Of the last scan, where it found the image. */
  private readonly signatures = new Map<ImageId, string>()
  private readonly unfollowed = new Set<ImageId>()
  private readonly idsByPath = new Map<string, ImageId>()
  private readonly overlaysByBase = new MultiMap<string, ImageId>()
  private readonly idsByFile = new MultiMap<string, ImageId>()
  private busyFiles: ReadonlySet<string> = new Set()
  private readonly changed = new Set<ImageId>()
  private readonly removed = new Set<ImageId>()
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly options: LibraryOptions) {
    for (const record of options.records) {
      this.index(record)
      options.onFormat(record.path, record.seen.format)
    }
  }

  ids(): readonly ImageId[] {
    return [...this.images.keys()]
  }

  records(): readonly ImageRecord[] {
    return [...this.images.values()]
  }

  summaries(): readonly ImageSummary[] {
    return this.records().map((record) => this.summary(record))
  }

  /** `file/missing` for an id that the library does not know (any more). */
  record(id: ImageId): ImageRecord {
    const record = this.images.get(id)
    if (record !== undefined) return record
    throw new EngineError('file/missing', 'This image is no longer in the library')
  }

  has(id: ImageId): boolean {
    return this.images.has(id)
  }

  /** The image at a path that has all links followed. */
  idOf(path: string): ImageId | undefined {
    return this.idsByPath.get(path)
  }

  /** How many overlays in the library stand directly on the file. */
  usedBy(path: string): number {
    return this.overlaysByBase.get(path).size
  }

  /** The images that have one of these files in their chain. */
  using(files: Iterable<string>): ReadonlySet<ImageId> {
    const ids = new Set<ImageId>()
    for (const file of files) for (const id of this.idsByFile.get(file)) ids.add(id)
    return ids
  }

  /** The images that can name other files. */
  naming(): readonly ImageId[] {
    return this.ids().filter((id) => this.images.get(id)?.seen.format !== 'raw')
  }

  /** The same as `using`, for any file in one of the directories as well. */
  usingAny(files: ReadonlySet<string>, directories: ReadonlySet<string>): ReadonlySet<ImageId> {
    if (directories.size === 0) return this.using(files)
    const inside = [...this.idsByFile.keys()].filter((file) => directories.has(dirname(file)))
    return this.using([...files, ...inside])
  }

  /**
   * Whether the file holds the data of an overlay in the library, rather than a disk of its own.
   */
  isImageFile(path: string): boolean {
    return [...this.idsByFile.get(path)].some((id) => this.images.get(id)?.seen.imagePath === path)
  }

  directories(): ReadonlySet<string> {
    return new Set([...this.idsByFile.keys()].map((file) => dirname(file)))
  }

  /**
   * The images that came, or stand on other files, since the last call: `directories` may have
   * become more by them.
   */
  takeUnfollowed(): readonly ImageId[] {
    const ids = [...this.unfollowed]
    this.unfollowed.clear()
    return ids
  }

  /** Whether an image of the list was looked at since the start. */
  isScanned(id: ImageId): boolean {
    return this.judgements.has(id)
  }

  /** By which a change of its files since the last scan is noticed, where that found the image. */
  signature(id: ImageId): string | undefined {
    return this.signatures.get(id)
  }

  /** Takes an image in that was scanned and is not known yet. */
  add(path: string, found: ScannedImage): ImageId {
    const seen = seenImage(found)
    if (seen === undefined) throw new Error(`${path} was not opened`)
    const record = { id: randomUUID(), path, seen, ...(found.base && { base: found.base }) }
    this.index(record)
    this.options.onFormat(path, seen.format)
    this.judgements.set(record.id, judge(record, { found }))
    this.signatures.set(record.id, found.signature)
    this.markChanged(record.id)
    this.options.onRecordsChange()
    return record.id
  }

  /**
   * Follows an overlay whose files are at another place now. An image that the list still had at
   * that place is gone from there, and from the list.
   */
  moved(id: ImageId, path: string, imagePath: string): void {
    const record = this.images.get(id)
    if (record === undefined) return
    const before = this.idsByPath.get(path)
    if (before !== undefined && before !== id) this.forget([before])
    this.replace(record, { ...record, path, seen: { ...record.seen, imagePath } })
  }

  forget(ids: readonly ImageId[]): void {
    for (const id of ids) {
      const record = this.images.get(id)
      if (record === undefined) continue
      this.unindex(record)
      this.options.onFormat(record.path, undefined)
      this.images.delete(id)
      this.judgements.delete(id)
      this.signatures.delete(id)
      this.unfollowed.delete(id)
      this.changed.delete(id)
      this.removed.add(id)
    }
    this.tellSoon()
    this.options.onRecordsChange()
  }

  /**
   * Brings in what a scan found. With `baseIsOurs` a new time of the base means nothing as long as
   * its content is the same: a job of ours wrote to it.
   */
  scanned(id: ImageId, outcome: ScanOutcome, baseIsOurs: boolean): void {
    const record = this.images.get(id)
    if (record === undefined) return
    const next = 'found' in outcome ? withScan(record, outcome.found, baseIsOurs) : record
    this.replace(record, next)
    this.judgements.set(id, judge(next, outcome))
    if ('found' in outcome) this.signatures.set(id, outcome.found.signature)
    else this.signatures.delete(id)
    this.markChanged(id)
  }

  /**
   * Keeps the result of a check, and what it means for the state, until the next scan tells more.
   */
  checked(id: ImageId, at: number, result: CheckResult): void {
    const record = this.images.get(id)
    if (record === undefined) return
    const open = result.findings.filter((f) => f.severity === 'corruption' && !f.repaired)
    const [first] = open.filter((finding) => finding.code !== 'base-changed')
    const { path, seen, base } = record
    const needsCheck = first && checkProblem(path, first.message, open.length)
    this.replace(record, {
      ...{ id, path, seen, lastCheck: { at, result } },
      ...(base && { base }),
      ...(needsCheck && { needsCheck }),
    })
  }

  /**
   * Settles the format of a file by what is known of it, or what the person says, instead of by its
   * first bytes. One that is not in the list yet is about to be added.
   */
  settle(path: string, format: FormatName): void {
    const id = this.idsByPath.get(path)
    const record = id === undefined ? undefined : this.images.get(id)
    if (record === undefined) this.options.onFormat(path, format)
    else this.replace(record, { ...record, seen: { ...record.seen, format } })
  }

  /**
   * The base of an image, where the last scan was free to open it: not where it waits for a yes, or
   * was not looked at since the start.
   */
  followedBase(id: ImageId): string | undefined {
    const record = this.images.get(id)
    const judgement = this.judgements.get(id)
    if (record === undefined || judgement === undefined) return undefined
    const { problem } = judgement
    const waits = problem?.code === 'chain/needs-consent' && problem.details['path'] === record.path
    return waits ? undefined : record.seen.basePath
  }

  /** The images that wait for a yes to one of these names. */
  waitingFor(names: readonly string[]): readonly ImageId[] {
    const asked = new Set<unknown>(names)
    return this.ids().filter((id) => {
      const problem = this.judgements.get(id)?.problem
      return problem?.code === 'chain/needs-consent' && asked.has(problem.details['target'])
    })
  }

  /** Why no job may read what lies below the image, as far as the last scan knows. */
  obstacle(id: ImageId): ErrorData | undefined {
    const judgement = this.judgements.get(id)
    return judgement?.baseIsForeign === true ? judgement.problem : undefined
  }

  /**
   * Forgets what an overlay's base was: it stands on another one, or its own content was written to
   * it. What the next scan finds is taken as it is.
   */
  forgetBase(id: ImageId): void {
    const record = this.images.get(id)
    if (record?.base === undefined) return
    const { path, seen, needsCheck, lastCheck } = record
    this.replace(record, {
      ...{ id, path, seen },
      ...(needsCheck && { needsCheck }),
      ...(lastCheck && { lastCheck }),
    })
  }

  /** Says that an image may be damaged, until a check finds that it is not. */
  distrust(id: ImageId, why: ErrorData): void {
    const record = this.images.get(id)
    if (record !== undefined) this.replace(record, { ...record, needsCheck: why })
  }

  /** The files that our own jobs are writing to just now. */
  setBusy(files: ReadonlySet<string>): void {
    const before = this.busyFiles
    this.busyFiles = files
    for (const id of this.using([...before, ...files])) this.markChanged(id)
  }

  /** Whether a job of ours is writing to one of the files that make up the disk. */
  isHeld(record: ImageRecord): boolean {
    return allFiles(record).some((file) => this.busyFiles.has(file))
  }

  private isBusy(record: ImageRecord): boolean {
    return ownFiles(record).some((file) => this.busyFiles.has(file))
  }

  private replace(old: ImageRecord, next: ImageRecord): void {
    if (JSON.stringify(old) === JSON.stringify(next)) return
    this.unindex(old)
    this.index(next)
    if (old.path !== next.path) this.options.onFormat(old.path, undefined)
    this.options.onFormat(next.path, next.seen.format)
    this.markChanged(next.id)
    this.options.onRecordsChange()
  }

  private index(record: ImageRecord): void {
    const { id, path, seen } = record
    this.images.set(id, record)
    this.unfollowed.add(id)
    this.idsByPath.set(path, id)
    if (seen.basePath !== undefined) this.overlaysByBase.add(seen.basePath, id)
    for (const file of allFiles(record)) this.idsByFile.add(file, id)
    this.markNeighbours(record)
  }

  private unindex(record: ImageRecord): void {
    const { id, path, seen } = record
    this.idsByPath.delete(path)
    if (seen.basePath !== undefined) this.overlaysByBase.delete(seen.basePath, id)
    for (const file of allFiles(record)) this.idsByFile.delete(file, id)
    this.markNeighbours(record)
  }

  /** The base counts who stands on it, and an overlay names the id of its base. */
  private markNeighbours({ path, seen }: ImageRecord): void {
    const base = seen.basePath === undefined ? undefined : this.idsByPath.get(seen.basePath)
    if (base !== undefined) this.markChanged(base)
    for (const overlay of this.overlaysByBase.get(path)) this.markChanged(overlay)
  }

  private markChanged(id: ImageId): void {
    this.changed.add(id)
    this.tellSoon()
  }

  private tellSoon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined
      const removed = [...this.removed]
      this.removed.clear()
      this.options.onChange({ changed: this.takeChanged(), removed })
      if (this.changed.size > 0) this.tellSoon()
    }, TELL_DELAY_MS)
  }

  private takeChanged(): readonly ImageSummary[] {
    const summaries: ImageSummary[] = []
    for (const id of this.changed) {
      if (summaries.length === TELL_AT_A_TIME) break
      this.changed.delete(id)
      const record = this.images.get(id)
      if (record !== undefined) summaries.push(this.summary(record))
    }
    return summaries
  }

  private summary(record: ImageRecord): ImageSummary {
    const { id, path, seen } = record
    const { format, virtualSize, sizeOnDisk, allocatedBytes, modifiedAt } = seen
    const { baseName, basePath, imagePath, looksLike } = seen
    const baseId = basePath === undefined ? undefined : this.idsByPath.get(basePath)
    return {
      id,
      name: basename(path),
      directory: dirname(path),
      ...(imagePath !== undefined && { imageName: basename(imagePath) }),
      ...{ format, virtualSize, sizeOnDisk, allocatedBytes, modifiedAt },
      ...(looksLike !== undefined && { looksLike }),
      ...(baseName !== undefined && { baseName }),
      ...(baseId !== undefined && { baseId }),
      usedBy: this.usedBy(path),
      ...this.health(record),
    }
  }

  private health(record: ImageRecord): Pick<ImageSummary, 'state' | 'problem'> {
    if (this.isBusy(record)) return { state: 'in-use' }
    const { state = 'scanning', problem } = this.judgements.get(record.id) ?? {}
    return problem === undefined ? { state } : { state, problem }
  }
}

function withScan(record: ImageRecord, found: ScannedImage, baseIsOurs: boolean): ImageRecord {
  const seen = seenImage(found) ?? record.seen
  const base = keepBase(record, found.base, baseIsOurs)
  return { ...record, seen, ...(base && { base }) }
}

/**
 * What stays remembered of the base: the first that was seen, or what it became by our own doing.
 */
function keepBase(
  { base: known, lastCheck }: ImageRecord,
  now: BaseMark | undefined,
  baseIsOurs: boolean,
): BaseMark | undefined {
  if (known === undefined || now === undefined) return known ?? now
  // a check since the base's last change compared the content, and a person has seen its result
  const confirmed = lastCheck !== undefined && lastCheck.at > now.fingerprint.modifiedAt
  return (baseIsOurs || confirmed) && hasSameContent(known, now) ? now : known
}

function checkProblem(path: string, first: string, count: number): ErrorData {
  const message =
    count === 1
      ? `The last check of ${path} found a problem that is not repaired: ${first}`
      : `The last check of ${path} found ${count} problems that are not repaired, first: ${first}`
  return { code: 'format/corrupt', message, details: { path, count }, state: 'uncertain' }
}
