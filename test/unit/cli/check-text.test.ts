import { describe, expect, test } from 'vitest'
import { checkJson, checkText } from '../../../engine/cli/check'
import type { CheckResult, Finding } from '../../../engine/model/image'

const leak: Finding = {
  code: 'data-unallocated',
  severity: 'leak',
  message: '64 KiB of the image file hold data that the disk does not use',
  details: { bytes: 65536 },
  repair: { by: 'leaks', action: 'Give the space back to the host' },
  repaired: false,
}
const corruption: Finding = {
  code: 'metadata-short',
  severity: 'corruption',
  message: 'The bitmap ends early',
  details: {},
  repaired: false,
}
const notice: Finding = {
  ...corruption,
  code: 'image-file-long',
  severity: 'notice',
  message: 'Long',
}

function result(...findings: readonly Finding[]): CheckResult {
  return { path: '/x', format: 'acow', findings, totalClusters: 160, allocatedClusters: 3 }
}

describe('a check', () => {
  test('that found nothing', () => {
    expect(checkText(result())).toBe(
      'No errors were found on the image.\n3/160 = 1.88% allocated\n',
    )
  })

  test('tells each finding, what would mend it, and the sums', () => {
    expect(checkText(result(corruption, leak, notice))).toBe(
      'ERROR: The bitmap ends early\n' +
        'Leaked: 64 KiB of the image file hold data that the disk does not use\n' +
        '    -r leaks: Give the space back to the host\n' +
        'Note: Long\n' +
        '1 errors were found on the image.\n' +
        '1 leaks were found on the image: wasted space, but no harm to data.\n' +
        '3/160 = 1.88% allocated\n',
    )
  })

  test('that mended all ends clean', () => {
    expect(checkText(result({ ...leak, repaired: true }))).toBe(
      'Repaired: 64 KiB of the image file hold data that the disk does not use\n' +
        'No errors were found on the image.\n' +
        '3/160 = 1.88% allocated\n',
    )
  })

  test('as JSON counts what is left apart from what was mended', () => {
    const findings = [corruption, leak, { ...leak, repaired: true }, notice]
    expect(checkJson(result(...findings), 'x')).toEqual({
      filename: 'x',
      format: 'acow',
      'check-errors': 0,
      corruptions: 1,
      leaks: 1,
      'corruptions-fixed': 0,
      'leaks-fixed': 1,
      'total-clusters': 160,
      'allocated-clusters': 3,
      findings,
    })
  })
})
