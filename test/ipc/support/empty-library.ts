import { Library } from '../../../electron/main/library/library'

const nothing = (): void => undefined

/** A library that knows nothing yet and tells nobody. */
export function emptyLibrary(): Library {
  const tellsNobody = { onChange: nothing, onRecordsChange: nothing, onFormat: nothing }
  return new Library({ records: [], ...tellsNobody })
}
