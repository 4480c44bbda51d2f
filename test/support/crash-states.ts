import * as path from 'node:path'
import {
  applyChange,
  applyNameChange,
  type FileChange,
  type FileSystemState,
  type LogEntry,
  type NameChange,
} from './host-log'
import type { Random } from './random'
import { SparseBytes } from './sparse-bytes'

const SECTOR = 512

/**
 * What a crash may leave of a log that was cut at some point.
 *
 * A change that a completed sync of its file (or directory) covers is there. Any other is kept,
 * dropped or, a write or a punch, torn: each of its sectors kept or dropped. A sector that was kept
 * holds what the program saw in it at that time, so it brings with it the earlier changes of the
 * same sector, as a page cache does. What a failed sync covered can be lost for ever: the system
 * gives it up, and calls the next sync a success.
 */
export class CrashLog {
  private readonly files: Map<number, SparseBytes>
  private readonly names: Map<string, number>
  private pendingChanges: Pending<FileChange>[] = []
  private pendingNames: Pending<NameChange>[] = []
  private cut = 0

  constructor(
    start: FileSystemState,
    private readonly log: readonly LogEntry[],
  ) {
    this.files = new Map([...start.files].map(([number, bytes]) => [number, bytes.clone()]))
    this.names = new Map(start.names)
  }

  /**
   * Moves the cut: the log's first `length` entries took effect before the crash. Never backwards.
   */
  cutAt(length: number): void {
    while (this.cut < length) {
      const entry = this.log[this.cut]
      if (entry === undefined) throw new Error('the log is shorter than that')
      this.add(entry, this.cut)
      this.cut += 1
    }
  }

  private add(entry: LogEntry, index: number): void {
    switch (entry.kind) {
      case 'write':
      case 'punch':
      case 'truncate':
        this.pendingChanges.push({ change: entry, index, fate: 'open' })
        break
      case 'link':
      case 'unlink':
      case 'rename':
        this.pendingNames.push({ change: entry, index, fate: 'open' })
        break
      case 'sync':
        this.settleFile(entry.file, entry.covers)
        break
      case 'failed-sync':
        for (const pending of this.pendingChanges) {
          const covered = pending.change.file === entry.file && pending.index < entry.covers
          if (covered && pending.fate === 'open') pending.fate = 'lost'
        }
        break
      case 'sync-directory':
        this.settleNames(entry.directory, entry.covers)
    }
  }

  private settleFile(file: number, covers: number): void {
    for (const pending of this.pendingChanges) {
      const covered = pending.change.file === file && pending.index < covers
      if (covered && pending.fate === 'open') pending.fate = 'durable'
    }
    // A durable change behind a lost one stays in the list, as the order of the changes counts.
    const first = this.pendingChanges.findIndex(
      ({ change, fate }) => change.file === file && fate !== 'durable',
    )
    this.pendingChanges = this.pendingChanges.filter(({ change, fate }, position) => {
      const settled = change.file === file && fate === 'durable' && (first < 0 || position < first)
      if (settled) applyChange(this.bytesOf(file), change)
      return !settled
    })
  }

  private settleNames(directory: string, covers: number): void {
    this.pendingNames = this.pendingNames.filter(({ change, index }) => {
      const settled = index < covers && path.dirname(change.path) === directory
      if (settled) applyNameChange(this.names, change)
      return !settled
    })
  }

  private bytesOf(file: number): SparseBytes {
    const bytes = this.files.get(file) ?? new SparseBytes()
    this.files.set(file, bytes)
    return bytes
  }

  /** How many changes may be there or not. */
  get uncertain(): number {
    return this.pendingNames.length + this.open.length
  }

  private get open(): readonly Pending<FileChange>[] {
    return this.pendingChanges.filter(({ fate }) => fate !== 'durable')
  }

  /**
   * States that the crash may leave: all of those in which every change is whole or absent where
   * these are at most `budget`, else nothing, everything, and others by chance; then, up to the
   * budget, states with torn changes.
   */
  *states(budget: number, random: Random): Generator<FileSystemState> {
    const count = this.uncertain
    if (count === 0) {
      yield this.build([])
      return
    }
    let made = 0
    if (2 ** count <= budget) {
      for (; made < 2 ** count; made += 1) {
        yield this.build(Array.from({ length: count }, (_, bit) => keepOrDrop((made >> bit) & 1)))
      }
    } else {
      yield this.build(new Array<Choice>(count).fill('drop'))
      yield this.build(new Array<Choice>(count).fill('keep'))
      made = 2
    }
    for (; made < budget; made += 1) yield this.build(randomChoices(count, random), random)
  }

  /** The state in which each uncertain change, names first, has the fate that is given. */
  private build(choices: readonly Choice[], random?: Random): FileSystemState {
    const names = new Map(this.names)
    for (const [position, { change }] of this.pendingNames.entries()) {
      if (choices[position] !== 'drop') applyNameChange(names, change)
    }
    const files = new Map([...this.files].map(([number, bytes]) => [number, bytes.clone()]))
    // A name may be there before a single byte of its file is.
    for (const number of names.values()) {
      if (!files.has(number)) files.set(number, new SparseBytes())
    }
    const crashed = new Map<number, CrashedFile>()
    let next = this.pendingNames.length
    for (const { change, fate } of this.pendingChanges) {
      const { file } = change
      const target = crashed.get(file) ?? new CrashedFile(files.get(file) ?? new SparseBytes())
      crashed.set(file, target)
      files.set(file, target.bytes)
      target.apply(change, fate === 'durable' ? 'keep' : (choices[next] ?? 'keep'), random)
      if (fate !== 'durable') next += 1
    }
    return { names, files }
  }
}

interface Pending<Change> {
  readonly change: Change
  readonly index: number
  /** `lost`: a sync that covered it has failed. */
  fate: 'open' | 'durable' | 'lost'
}

type Choice = 'keep' | 'drop' | 'tear' | 'grow'

function keepOrDrop(bit: number): Choice {
  return bit === 1 ? 'keep' : 'drop'
}

/**
 * Mostly kept, mostly dropped, or well mixed. `grow`: a write whose bytes are lost, but which made
 * the file longer.
 */
function randomChoices(count: number, random: Random): Choice[] {
  const keep = random.pick([0.15, 0.5, 0.85])
  const tear = random.pick([0, 0.2])
  return Array.from({ length: count }, () => {
    if (random.chance(tear)) return random.chance(0.8) ? 'tear' : 'grow'
    return random.chance(keep) ? 'keep' : 'drop'
  })
}

/**
 * A punch that is longer is kept or dropped as a whole: nothing would be gained by cutting it in
 * millions of sectors.
 */
const LONGEST_TORN_PUNCH = 1 << 20

type RangeChange = Exclude<FileChange, { kind: 'truncate' }>

/**
 * A file while it is rebuilt: what was not kept waits, sector by sector, for a later change of it
 * that is.
 */
class CrashedFile {
  private readonly waiting = new Map<number, RangeChange[]>()

  constructor(readonly bytes: SparseBytes) {}

  apply(change: FileChange, choice: Choice, random: Random | undefined): void {
    if (change.kind === 'truncate') {
      if (choice !== 'drop') this.truncate(change.size)
    } else if (choice === 'keep') {
      this.keep(change)
    } else if (change.kind === 'write' || change.length <= LONGEST_TORN_PUNCH) {
      for (const part of sectorsOf(change, this.bytes.length)) {
        if (choice === 'tear' && random?.chance(0.5) === true) this.keep(part)
        else this.wait(part)
      }
      const end = rangeEndOf(change)
      if (choice === 'grow' && change.kind === 'write' && end > this.bytes.length) {
        this.bytes.truncate(end)
      }
    }
  }

  private wait(part: RangeChange): void {
    const sector = Math.floor(part.offset / SECTOR)
    const parts = this.waiting.get(sector)
    if (parts === undefined) this.waiting.set(sector, [part])
    else parts.push(part)
  }

  private keep(change: RangeChange): void {
    for (const [sector, parts] of this.waiting) {
      const start = sector * SECTOR
      if (start >= rangeEndOf(change) || start + SECTOR <= change.offset) continue
      for (const part of parts) applyChange(this.bytes, part)
      this.waiting.delete(sector)
    }
    applyChange(this.bytes, change)
  }

  private truncate(size: number): void {
    for (const sector of this.waiting.keys()) {
      if (sector * SECTOR >= size) this.waiting.delete(sector)
    }
    this.bytes.truncate(size)
  }
}

function rangeEndOf(change: RangeChange): number {
  return change.offset + (change.kind === 'write' ? change.bytes.length : change.length)
}

/** A change cut at the borders of sectors. */
function* sectorsOf(change: RangeChange, fileLength: number): Generator<RangeChange> {
  const { file, kind } = change
  const end = kind === 'write' ? rangeEndOf(change) : Math.min(rangeEndOf(change), fileLength)
  for (let at = change.offset; at < end;) {
    const next = Math.min(end, (Math.floor(at / SECTOR) + 1) * SECTOR)
    if (kind === 'punch') {
      yield { kind, file, offset: at, length: next - at }
    } else {
      const bytes = change.bytes.subarray(at - change.offset, next - change.offset)
      yield { kind, file, offset: at, bytes }
    }
    at = next
  }
}
