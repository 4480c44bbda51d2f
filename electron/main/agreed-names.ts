import { EngineError, type ErrorData } from '../../engine'

/** Names that wait for an answer; the oldest are forgotten, and asked for again. */
const MAX_ASKED = 1000

/**
 * Names in images that the person lets us open (files outside of an image's folder, addresses on
 * the network). Only what an image has asked for can be agreed to.
 */
export class AgreedNames {
  private readonly agreed: Set<string>
  private readonly asked = new Set<string>()

  constructor(
    stored: readonly string[],
    private readonly onChange: (names: readonly string[]) => void,
  ) {
    this.agreed = new Set(stored)
  }

  get names(): ReadonlySet<string> {
    return this.agreed
  }

  /** Takes note of what an error asks for, if it does. */
  note({ code, details }: ErrorData): void {
    const { target } = details
    if (code !== 'chain/needs-consent' || typeof target !== 'string') return
    const [oldest] = this.asked
    if (this.asked.size >= MAX_ASKED && oldest !== undefined) this.asked.delete(oldest)
    this.asked.add(target)
  }

  /** Twice is as good as once. `invalid-argument` for a name that nobody has asked for. */
  agree(name: string): void {
    if (!this.asked.delete(name) && !this.agreed.has(name)) {
      throw new EngineError('invalid-argument', `No image has asked for ${name}`, { path: name })
    }
    this.add(name)
  }

  /** Takes a yes back. `invalid-argument` for a name that was not agreed to. */
  withdraw(name: string): void {
    if (!this.agreed.delete(name)) {
      throw new EngineError('invalid-argument', `${name} was not agreed to`, { path: name })
    }
    this.onChange([...this.agreed])
  }

  /** Agrees to a name that the person picked, not an image. */
  add(name: string): void {
    if (this.agreed.has(name)) return
    this.agreed.add(name)
    this.onChange([...this.agreed])
  }
}
