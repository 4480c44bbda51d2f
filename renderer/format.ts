import type { Settings } from '../electron/contract/settings'
import { formatSize } from '../engine/base/units'

/** Numbers as the reader's language writes them. Sizes in bytes, times in milliseconds. */
export interface Format {
  /** `1.5 GiB`, `1.61 GB` or `1,610,612,736 B`, as the units are set. */
  readonly size: (bytes: number) => string
  /** `1,610,612,736`: a number of bytes or of anything else, without a word. */
  readonly count: (value: number) => string
  /** `210 MiB/s` */
  readonly speed: (bytesPerSecond: number) => string
  /** A part of a whole. Says 0 % and 100 % only where they are exact. */
  readonly percent: (part: number, whole: number) => string
  /** Date and time, short enough for a column. */
  readonly date: (time: number) => string
  /** Date and time in full. */
  readonly longDate: (time: number) => string
  /** `2 min`, `1 hr 5 min`: the two largest units, at least one second. */
  readonly duration: (milliseconds: number) => string
}

function unitFormat(locale: string, unit: string): Intl.NumberFormat {
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' })
}

function percentOf(locale: string): (part: number, whole: number) => string {
  const format = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  return (part, whole) => {
    if (whole <= 0 || part <= 0) return format.format(0)
    if (part >= whole) return format.format(1)
    const share = part / whole
    if (share < 0.001) return `< ${format.format(0.001)}`
    return format.format(Math.min(share, 0.999))
  }
}

function durationOf(locale: string): (milliseconds: number) => string {
  const units = { h: unitFormat(locale, 'hour'), m: unitFormat(locale, 'minute') }
  const seconds = unitFormat(locale, 'second')
  return (milliseconds) => {
    const total = Math.max(1, Math.round(milliseconds / 1000))
    if (total < 60) return seconds.format(total)
    const minutes = Math.round(total / 60)
    if (minutes < 60) return units.m.format(minutes)
    const hours = units.h.format(Math.floor(minutes / 60))
    return minutes % 60 === 0 ? hours : `${hours} ${units.m.format(minutes % 60)}`
  }
}

const DECIMAL_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const

/** Bytes in powers of 1000, three significant digits, with a point: `1.61 GB`. */
function decimalSize(bytes: number): string {
  let value = bytes
  let unit = 0
  // 999.7 kB would be rounded up to "1000 kB"
  while (value >= 999.5 && unit < DECIMAL_UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  const text = unit === 0 ? String(value) : String(Number(value.toPrecision(3)))
  return `${text} ${DECIMAL_UNITS[unit] ?? 'B'}`
}

/** The formats of one language, given as a BCP 47 tag. */
export function createFormat(locale: string, units: Settings['units'] = 'binary'): Format {
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2, useGrouping: false })
  const count = new Intl.NumberFormat(locale)
  const short = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' })
  const long = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'medium' })

  function size(bytes: number): string {
    if (units === 'bytes') return `${count.format(bytes)} B`
    const text = units === 'decimal' ? decimalSize(bytes) : formatSize(bytes)
    const [value = '', unit = ''] = text.split(' ')
    return `${number.format(Number(value))} ${unit}`
  }

  return {
    size,
    count: (value) => count.format(value),
    speed: (bytesPerSecond) => `${size(Math.round(bytesPerSecond))}/s`,
    percent: percentOf(locale),
    date: (time) => short.format(time),
    longDate: (time) => long.format(time),
    duration: durationOf(locale),
  }
}
