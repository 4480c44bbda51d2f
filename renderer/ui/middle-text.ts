/** A text cut so that its end always shows: the end is what tells file names apart. */
export interface SplitText {
  readonly head: string
  readonly tail: string
}

const SEGMENTS = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/**
 * The last `tailLength` characters apart from the rest; all of it is head where the text is short.
 */
export function splitText(text: string, tailLength = 11): SplitText {
  if (text.length <= tailLength + 6) return { head: text, tail: '' }
  // Whole characters as people see them: a cut inside one would show two broken ones.
  const characters = Array.from(SEGMENTS.segment(text.slice(-tailLength * 4)), (one) => one.segment)
  const tail = characters.slice(-tailLength).join('')
  return { head: text.slice(0, text.length - tail.length), tail }
}
