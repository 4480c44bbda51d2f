/**
 * A result that is there at once where all it needs is in memory or in the page cache, and a
 * promise where it is not. A promise a request costs more than a read from the page cache, so the
 * engine's data path does without where it can.
 */
export type MaybePromise<T> = T | Promise<T>

/** Goes on with `next` as soon as the value is there: at once, or when its promise is fulfilled. */
export function andThen<T, R>(
  value: MaybePromise<T>,
  next: (value: T) => MaybePromise<R>,
): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
