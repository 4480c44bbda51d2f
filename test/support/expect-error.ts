import { expect } from 'vitest'
import { EngineError, type ErrorCode } from '../../engine/base/errors'

/** The engine's error that some work fails with; anything else it throws goes on its way. */
export async function failure(work: Promise<unknown>): Promise<EngineError> {
  try {
    await work
  } catch (error) {
    if (error instanceof EngineError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** That a thrown value is the engine's error of this code, with a message that says this. */
export function expectError(error: unknown, code: ErrorCode, message: RegExp): void {
  if (!(error instanceof EngineError)) throw error
  expect(error.message).toMatch(message)
  expect(error.code).toBe(code)
}
