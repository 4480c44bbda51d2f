import type { Finding, FindingCode, FindingSeverity } from '../../model/image'

/** One finding for each thing that is wrong, however often. */
export class Findings {
  private readonly byMessage = new Map<string, { finding: Finding; times: number }>()

  constructor(private readonly path: string) {}

  add(
    code: FindingCode,
    severity: FindingSeverity,
    message: string,
    details: Readonly<Record<string, number>> = {},
  ): void {
    const key = code === 'table-damaged' ? message : code
    const known = this.byMessage.get(key)
    if (known !== undefined) {
      known.times += 1
      return
    }
    const finding = { code, severity, message, details: { path: this.path, ...details } }
    this.byMessage.set(key, { finding: { ...finding, repaired: false }, times: 1 })
  }

  list(): Finding[] {
    return [...this.byMessage.values()].map(({ finding, times }) => {
      const { offset } = finding.details
      const where = offset === undefined ? '' : `, first at byte ${String(offset)}`
      const message =
        times === 1 ? finding.message : `${finding.message}${where} (${String(times)} times)`
      return { ...finding, message, details: { ...finding.details, times } }
    })
  }
}
