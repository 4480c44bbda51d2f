import type { FormatName } from '../../engine'
import type { TrustNews } from '../worker/calls'

/**
 * All that the threads of the engine are to know of what the person trusts, in the order in which
 * it came up, so that none is told anything twice.
 */
export class TrustLog {
  private readonly news: TrustNews[] = []
  private agreed: ReadonlySet<string> = new Set()
  private readonly images = new Map<string, FormatName>()

  /** All names that the person lets images name; a yes to any other one was withdrawn. */
  setAgreed(names: Iterable<string>): void {
    const before = this.agreed
    this.agreed = new Set(names)
    for (const name of before) if (!this.agreed.has(name)) this.news.push({ withdrawn: name })
    for (const name of this.agreed) if (!before.has(name)) this.news.push({ agreed: name })
  }

  /**
   * An image that the person has put in the list, by its path with all links followed: it may be
   * named by others, and its format is settled. Undefined: it is in the list no longer.
   */
  settle(image: string, format: FormatName | undefined): void {
    if (this.images.get(image) === format) return
    if (format === undefined) this.images.delete(image)
    else this.images.set(image, format)
    this.news.push({ image, format })
  }

  /** For one thread: what is new since the function was called before. */
  reader(): () => readonly TrustNews[] {
    let told = 0
    return () => {
      const news = this.news.slice(told)
      told = this.news.length
      return news
    }
  }
}
