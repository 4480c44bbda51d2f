import { MAX_NAME_BYTES } from '../nbd/protocol'

/** What a client asks of an export by INFO or GO. */
export interface InfoRequest {
  readonly name: string
  /** INFO values. */
  readonly kinds: readonly number[]
}

/** A query of metadata contexts. */
export interface ContextQuery {
  /** The export that it is about. */
  readonly name: string
  /** Whether a context is asked for; in a list, also by its namespace alone, or by no word. */
  asksFor(context: string, lists: boolean): boolean
}

/** The data of INFO and GO; undefined where it is malformed. */
export function decodeInfoRequest(data: Buffer): InfoRequest | undefined {
  const reader = new Reader(data)
  const name = reader.name()
  const count = reader.uint16()
  if (name === undefined || count === undefined) return undefined
  const kinds: number[] = []
  for (let n = 0; n < count; n += 1) {
    const kind = reader.uint16()
    if (kind === undefined) return undefined
    kinds.push(kind)
  }
  return reader.atEnd ? { name, kinds } : undefined
}

/** The data of LIST_META_CONTEXT and SET_META_CONTEXT; undefined where it is malformed. */
export function decodeContextQuery(data: Buffer): ContextQuery | undefined {
  const reader = new Reader(data)
  const name = reader.name()
  const count = reader.uint32()
  if (name === undefined || count === undefined) return undefined
  const queries = new Set<string>()
  for (let n = 0; n < count; n += 1) {
    const query = reader.name()
    if (query === undefined) return undefined
    queries.add(query)
  }
  if (!reader.atEnd) return undefined
  return {
    name,
    asksFor(context, lists) {
      if (queries.has(context)) return true
      const namespace = context.slice(0, context.indexOf(':') + 1)
      return lists && (queries.size === 0 || queries.has(namespace))
    },
  }
}

/** Reads the fields of an option's data one by one; undefined where it ends too early. */
class Reader {
  private at = 0

  constructor(private readonly data: Buffer) {}

  get atEnd(): boolean {
    return this.at === this.data.length
  }

  uint16(): number | undefined {
    if (this.at + 2 > this.data.length) return undefined
    this.at += 2
    return this.data.readUInt16BE(this.at - 2)
  }

  uint32(): number | undefined {
    if (this.at + 4 > this.data.length) return undefined
    this.at += 4
    return this.data.readUInt32BE(this.at - 4)
  }

  /** A length and so many bytes of text. */
  name(): string | undefined {
    const length = this.uint32()
    if (length === undefined || length > MAX_NAME_BYTES) return undefined
    if (this.at + length > this.data.length) return undefined
    this.at += length
    return this.data.toString('utf8', this.at - length, this.at)
  }
}
