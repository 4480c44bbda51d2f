import type { Finding, FindingCode } from '../../../engine/model/image'
import { useText } from '../../composables/use-text'
import type { Messages } from '../../locales'

type RepairText = keyof Messages['repairs']

const TEXTS: Partial<Record<FindingCode, RepairText>> = {
  'metadata-short': 'metadata-short',
  'bits-past-end': 'bits-past-end',
  'image-file-short': 'image-file-short',
  'data-unallocated': 'data-unallocated',
}

/**
 * What the repair of a finding does, in the person's language where there is a text, else as the
 * engine says it.
 */
export function useRepairText(): (finding: Finding) => string {
  const text = useText()
  return ({ code, repair }) => {
    const key = TEXTS[code]
    return key === undefined ? (repair?.action ?? '') : text(`repairs.${key}`)
  }
}
