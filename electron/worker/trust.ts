import { type FormatName, type Host, machineHost } from '../../engine'
import type { TrustNews } from './calls'

/**
 * What this thread may open without asking, and as what: it learns with each call what is new since
 * the one before. All that is under way follows at once.
 */
export class LearntTrust {
  private readonly agreed = new Set<string>()
  private readonly images = new Map<string, FormatName>()

  readonly host: Host = machineHost({
    files: 'own-folder',
    names: { has: (name) => this.agreed.has(name) || this.images.has(name) },
    formats: this.images,
  })

  /** Whether something may be named no more: what was seen by such a name is to be forgotten. */
  learn(news: readonly TrustNews[]): boolean {
    for (const item of news) {
      if ('agreed' in item) this.agreed.add(item.agreed)
      else if ('withdrawn' in item) this.agreed.delete(item.withdrawn)
      else if (item.format === undefined) this.images.delete(item.image)
      else this.images.set(item.image, item.format)
    }
    return news.some((item) => 'withdrawn' in item || ('image' in item && !item.format))
  }
}
