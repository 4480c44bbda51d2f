/**
 * A mistake of the programmer: never thrown for bytes that came from a file, a socket or a person.
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Throws AssertionError with the message unless the condition holds. Kept in every build. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}
