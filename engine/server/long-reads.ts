import type { ByteRange } from '../base/byte-range'
import { KIB, MIB } from '../base/units'
import type { FileSource, PlainRun } from '../format/layer'
import type { DirectFile } from '../host/host'
import type { Disk } from '../image/disk'
import type { Cookie } from '../nbd/protocol'
import type { Outbox } from './outbox'
import type { Replies } from './replies'

/** Bytes from which on a read is long: a shorter one is done in less time than it takes to look. */
export const LONG_READ = 64 * KIB
/**
 * What a longer read has beyond what the socket takes at once would keep others waiting: it is left
 * to the thread pool.
 */
const LONGEST_SENT = MIB
/** Bytes that runs have on average where it pays to send them one by one. */
const WORTHY_RUN = 32 * KIB

interface Sendable {
  readonly file: DirectFile
  readonly range: ByteRange
}

/**
 * Reads whose data need not go through our memory. What nobody has stored is told to be a hole,
 * where the client knows that word. What lies in files, and there in the host's memory, the host
 * sends from there: neither of the two copies of the bytes is made.
 *
 * The client gets them as they are when it receives them. A write that comes meanwhile it may thus
 * see, or a part of it: as with any write that comes before a read has ended, which for the client
 * is when it has received the data. Nothing else changes bytes that a read was directed to: what is
 * below an overlay stays as it is, and allocated clusters are given up only by jobs that need the
 * files for themselves, when this connection has ended.
 */
export class LongReads {
  constructor(
    private readonly outbox: Outbox,
    private readonly replies: Replies,
  ) {}

  /**
   * Answers a read, or does nothing, which is false. Where it throws, a part of the reply was sent,
   * and the rest cannot be had: the connection is of no more use.
   */
  answer(disk: Disk, request: Cookie & ByteRange): boolean {
    const runs = plainRuns(disk, request)
    if (runs === undefined) return false
    if (runs.every(isZero)) {
      if (this.replies.structured) this.replies.zeros(request)
      return this.replies.structured
    }
    return this.hasHostSend(runs, request)
  }

  private hasHostSend(runs: readonly PlainRun[], request: Cookie & ByteRange): boolean {
    const { outbox } = this
    // a reply that the socket has not taken yet would be overtaken
    if (request.length > LONGEST_SENT || outbox.clearSocket === undefined) return false
    const parts: Sendable[] = []
    for (const { source, length } of runs) {
      const file = source?.file.direct
      if (source === undefined || file === undefined) return false
      const range = { offset: source.offset, length }
      if (!file.inMemory(range)) return false
      parts.push({ file, range })
    }
    this.replies.headOfRead(request)
    outbox.finish()
    const rest = sendParts(outbox.clearSocket, parts)
    if (rest.length > 0) this.sendRest(rest)
    return true
  }

  /** What the socket has not taken goes through our memory. It was in the host's a moment ago. */
  private sendRest(rest: readonly Sendable[]): void {
    const { outbox } = this
    for (const { file, range } of rest) {
      const bytes = outbox.reserve(range.length)
      file.readNow(bytes.subarray(outbox.at, outbox.at + range.length), range.offset)
    }
    outbox.finish()
  }
}

/** What was not sent. */
function sendParts(socket: number | undefined, parts: readonly Sendable[]): readonly Sendable[] {
  if (socket === undefined) return parts
  for (const [index, { file, range }] of parts.entries()) {
    const sent = file.send(socket, range)
    if (sent === range.length) continue
    const rest = { offset: range.offset + sent, length: range.length - sent }
    return [{ file, range: rest }, ...parts.slice(index + 1)]
  }
  return []
}

/** Undefined where not all of it is plain, or it is in many pieces. */
function plainRuns(disk: Disk, { offset, length }: ByteRange): PlainRun[] | undefined {
  const runs: PlainRun[] = []
  try {
    for (let done = 0; done < length;) {
      const run = disk.plainRunAt({ offset: offset + done, length: length - done })
      if (run === undefined || (runs.length + 1) * WORTHY_RUN > length) return undefined
      runs.push(run)
      done += run.length
    }
    return runs
  } catch {
    // nothing was sent yet: the ordinary read fails in the same way, and tells the client
    return undefined
  }
}

function isZero({ source, length }: PlainRun): boolean {
  return source === undefined || isHole(source, length)
}

function isHole({ file, offset }: FileSource, length: number): boolean {
  return file.direct?.isHole({ offset, length }) === true
}
