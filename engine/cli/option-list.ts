import { EngineError } from '../base/errors'

/**
 * The value of `-o`: `key=value,key=value`, where a doubled comma stands for a comma in a value, as
 * in qemu-img. `invalid-argument` for a key that is not among those allowed or that is given twice,
 * and for a part without `=`.
 */
export function parseOptionList<Key extends string>(
  text: string,
  allowed: readonly Key[],
): ReadonlyMap<Key, string> {
  const found = new Map<Key, string>()
  for (const part of splitAtCommas(text)) {
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    const key = allowed.find((word) => word === name)
    if (key === undefined) {
      throw invalid(`There is no option '${name}' for -o; there are ${allowed.join(', ')}`)
    }
    if (equals < 0) throw invalid(`The option ${name} of -o needs a value: ${name}=...`)
    if (found.has(key)) throw invalid(`The option ${name} of -o is given twice`)
    found.set(key, part.slice(equals + 1))
  }
  return found
}

/** Cuts at single commas; a doubled one becomes one. */
function splitAtCommas(text: string): string[] {
  const parts = ['']
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    const doubled = character === ',' && text.charAt(at + 1) === ','
    if (doubled) at += 1
    if (character === ',' && !doubled) parts.push('')
    else parts.push((parts.pop() ?? '') + character)
  }
  return parts
}

/** A slip on the command line. */
export function invalid(message: string): EngineError {
  return new EngineError('invalid-argument', message, {}, { state: 'unchanged' })
}
