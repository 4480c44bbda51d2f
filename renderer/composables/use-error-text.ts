import type { ErrorData } from '../../engine/base/errors'
import { useFormat } from './use-format'
import { useText } from './use-text'

/** An error in the person's language. */
export interface ErrorText {
  /** A few words, for a heading or a list. */
  readonly title: string
  readonly why: string
  readonly help: string
  /** What became of the data, where the error says. */
  readonly state: string | undefined
  /** Absolute path of the file in question, where the error names one. */
  readonly file: string | undefined
}

/** The last part of a path, whatever its separators. */
export function fileName(path: string): string {
  return path.split(/[\\/]/).findLast((part) => part !== '') ?? path
}

/**
 * Details that name the file in question better than `path`, which is then the file that led there.
 */
const CULPRITS = ['backing', 'image', 'twice', 'path'] as const

/** The file that an error is about. */
export function errorPath(error: ErrorData): string | undefined {
  for (const name of CULPRITS) {
    const path = error.details[name]
    if (typeof path === 'string' && path !== '') return path
  }
  return undefined
}

/** Everything about an error, in lines, to be copied and sent to somebody. */
export function errorReport(error: ErrorData): string {
  const details = Object.entries(error.details).map(([name, value]) => `${name}: ${value}`)
  const state = error.state === undefined ? [] : [`state: ${error.state}`]
  return [error.message, `code: ${error.code}`, ...details, ...state].join('\n')
}

/** Turns errors into texts by their code. */
export function useErrorText(): (error: ErrorData) => ErrorText {
  const text = useText()
  const format = useFormat()

  /** The figures of a disk that is too full, where the error has them. */
  function figures({ needed, free }: ErrorData['details']): string {
    if (typeof needed !== 'number' || typeof free !== 'number') return ''
    const { size } = format.value
    return ` ${text('spaceFigures', { needed: size(needed), free: size(free) })}`
  }

  return (error) => {
    const file = errorPath(error)
    const values = { file: file === undefined ? text('failure.thisFile') : fileName(file) }
    return {
      title: text(`errors.${error.code}.title`, values),
      why: text(`errors.${error.code}.why`, values) + figures(error.details),
      help: text(`errors.${error.code}.help`, values),
      state: error.state && text(`dataStates.${error.state}`),
      file,
    }
  }
}
