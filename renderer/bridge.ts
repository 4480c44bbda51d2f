import type { CommandName, Commands, EventName, Events, Reply } from '../electron/contract/commands'
import type { AddResult } from '../electron/contract/library'
import type { ErrorData } from '../engine/base/errors'

/** A command that ended badly: what the main process said, as an exception of the window. */
export class UiError extends Error {
  override readonly name = 'UiError'
  readonly data: ErrorData

  constructor(data: ErrorData) {
    super(data.message)
    this.data = data
  }
}

/** Any thrown value as error data; what is no UiError is a fault of ours. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof UiError) return error.data
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'internal', message, details: {} }
}

function unwrap<Result>(reply: Reply<Result>): Result {
  if (reply.ok) return reply.value
  throw new UiError(reply.error)
}

/** Asks the main process. Throws UiError. */
export async function invoke<Name extends CommandName>(
  name: Name,
  request: Commands[Name]['request'],
): Promise<Commands[Name]['result']> {
  return unwrap(await window.addCow.invoke(name, request))
}

/** Hands over files that were dropped on the window. Throws UiError. */
export async function addDropped(files: readonly File[]): Promise<AddResult> {
  return unwrap(await window.addCow.addDropped(files))
}

/** Listens to the main process; the returned function ends it. */
export function listen<Name extends EventName>(
  name: Name,
  listener: (event: Events[Name]) => void,
): () => void {
  return window.addCow.on(name, listener)
}
