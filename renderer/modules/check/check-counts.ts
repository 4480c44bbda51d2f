import type { CheckResult, Finding, FindingSeverity } from '../../../engine/model/image'

/** How many findings of each kind are still there, and how many were repaired. */
export type FindingCounts = Readonly<Record<FindingSeverity | 'repaired', number>>

export function countFindings(check: CheckResult): FindingCounts {
  const counts = { corruption: 0, leak: 0, notice: 0, repaired: 0 }
  for (const finding of check.findings)
    counts[finding.repaired ? 'repaired' : finding.severity] += 1
  return counts
}

/** The worst of what is still there: the heading of a result. */
export function verdict(check: CheckResult): 'clean' | 'notices' | 'leaks' | 'corruptions' {
  const counts = countFindings(check)
  if (counts.corruption > 0) return 'corruptions'
  if (counts.leak > 0) return 'leaks'
  return counts.notice > 0 ? 'notices' : 'clean'
}

/** The findings that a repair of leaks, or of all, would mend. */
export function repairable(check: CheckResult, what: 'leaks' | 'all'): readonly Finding[] {
  return check.findings.filter(
    (finding) =>
      !finding.repaired &&
      finding.repair !== undefined &&
      (what === 'all' || finding.repair.by === 'leaks'),
  )
}
