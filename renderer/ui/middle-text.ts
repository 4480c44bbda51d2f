/** A text cut so that its end always shows: the end is what tells file names apart. */
export interface SplitText {
  readonly head: string
  readonly tail: string
}

/** Code units that a character takes, hardly ever more. */
const WIDEST = 16
const SEGMENTS = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * The last `tailLength` characters apart from the rest; all of it is head where the text is short.
 */
export function splitText(text: string, tailLength = 11): SplitText {
  if (text.length <= tailLength + 6) return { head: text, tail: '' }
  // Whole characters as people see them: a cut inside one would show two broken ones. Where the
  // window begins in the middle of one, that one is dropped.
  const window = text.slice(-tailLength * WIDEST)
  const characters = Array.from(SEGMENTS.segment(window), (one) => one.segment)
  if (window.length < text.length) characters.shift()
  const tail = characters.slice(-tailLength).join('')
  return { head: text.slice(0, text.length - tail.length), tail }
}
