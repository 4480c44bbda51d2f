import { type Detector, found } from './found'

/** A CD or DVD: the primary volume descriptor lies 32 KiB in (ECMA-119, section 8.4). */
export const detectIso9660: Detector = async (region) => {
  const block = await region.block(32_768, 2048)
  if (block?.has(1, 'CD001') !== true || block.u8(0) !== 1) return undefined
  return found('iso9660', {
    label: block.text(40, 32),
    uuid: creationTime(block.ascii(813, 16)),
    size: block.u32(80) * block.u16(128),
  })
}

/** A disc has no UUID; tools name it by the time of its making, `2024-05-06-07-08-09-00`. */
function creationTime(digits: string): string {
  if (!/^\d{16}$/.test(digits) || /^0+$/.test(digits)) return ''
  const pairs = digits.slice(4).match(/../g) ?? []
  return [digits.slice(0, 4), ...pairs].join('-')
}
