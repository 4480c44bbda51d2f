import { randomUUID } from 'node:crypto'
import { EngineError } from '../../engine'
import type { PathGrant } from '../contract/jobs'

/** What a person picked a path for; a grant opens nothing else. */
export type GrantPurpose = 'folder-for-overlay' | 'export-target' | 'base'

/** Picks that are remembered; a window that forgot an older one asks again. */
const MAX_GRANTS = 1000

/** The paths that the person picked in native dialogs, by an id that cannot be guessed. */
export class Grants {
  private readonly grants = new Map<string, { path: string; purpose: GrantPurpose }>()

  issue(purpose: GrantPurpose, path: string): PathGrant {
    const id = randomUUID()
    this.grants.set(id, { path, purpose })
    for (const oldest of this.grants.keys()) {
      if (this.grants.size <= MAX_GRANTS) break
      this.grants.delete(oldest)
    }
    return { id, path }
  }

  /** `invalid-argument` for an id that was not issued for this purpose. */
  resolve(purpose: GrantPurpose, id: string): string {
    const grant = this.grants.get(id)
    if (grant?.purpose === purpose) return grant.path
    const message =
      'This place is not one that was picked in a dialog since the application started'
    throw new EngineError('invalid-argument', message, { field: purpose }, { state: 'unchanged' })
  }
}
