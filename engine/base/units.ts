/** Bytes in a sector, the unit in which guests and layout 1 of add-cow count. */
export const SECTOR_SIZE = 512
export const KIB = 1024
export const MIB = 1024 * KIB
export const GIB = 1024 * MIB
export const TIB = 1024 * GIB
/** The largest virtual size the engine takes, in bytes: 4 PiB, far below the last safe integer. */
export const MAX_VIRTUAL_SIZE = 4096 * TIB

/** value / unit, rounded up. Exact for safe integers; never uses 32-bit operators. */
export function divCeil(value: number, unit: number): number {
  return Math.ceil(value / unit)
}

/** The largest multiple of unit that is not above value. */
export function alignDown(value: number, unit: number): number {
  return value - (value % unit)
}

/** The smallest multiple of unit that is not below value. */
export function alignUp(value: number, unit: number): number {
  const rest = value % unit
  return rest === 0 ? value : value - rest + unit
}

/** Whether value is a multiple of unit. */
export function isAligned(value: number, unit: number): boolean {
  return value % unit === 0
}

const SUFFIXES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: KIB,
  m: MIB,
  g: GIB,
  t: TIB,
  p: 1024 * TIB,
}

/**
 * A size as people type it, in bytes: `512`, `64k`, `10G`, `1.5T`, `20 GiB`. Suffixes are powers of
 * 1024 whatever their case, as in qemu-img. Undefined for anything else, for a negative number, or
 * where the result is no whole number of bytes or above MAX_VIRTUAL_SIZE.
 */
export function parseSize(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgtp])(?:i?b)?|(b))?\s*$/i.exec(text)
  if (match === null) return undefined
  const unit = SUFFIXES[(match[2] ?? match[3] ?? '').toLowerCase()]
  const bytes = Number(match[1]) * (unit ?? 1)
  const whole = Math.round(bytes)
  // 1.1k is 1126.4 bytes: rounded, as nobody means the fraction of a byte, but "1.5" bytes is a
  // slip of the finger
  if (unit === 1 && whole !== bytes) return undefined
  return whole <= MAX_VIRTUAL_SIZE ? whole : undefined
}

/**
 * A size, or a change of one (`+1G`, `-512M`), against the present size. Undefined where the text
 * is no size or the result would be negative. Result in bytes.
 */
export function parseSizeChange(text: string, present: number): number | undefined {
  const trimmed = text.trim()
  const sign = trimmed.startsWith('+') ? 1 : trimmed.startsWith('-') ? -1 : 0
  if (sign === 0) return parseSize(trimmed)
  const change = parseSize(trimmed.slice(1))
  if (change === undefined) return undefined
  const size = present + sign * change
  return size >= 0 && size <= MAX_VIRTUAL_SIZE ? size : undefined
}

const UNIT_NAMES = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** Bytes for people, three significant digits: `1.5 GiB`, `64 KiB`, `0 B`. */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = 0
  // 1023.7 KiB would be rounded up to "1024 KiB"
  while (value >= 1023.5 && unit < UNIT_NAMES.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2
  const text = unit === 0 ? String(value) : String(Number(value.toFixed(digits)))
  return `${text} ${UNIT_NAMES[unit] ?? 'B'}`
}
