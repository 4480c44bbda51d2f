import { watch } from 'node:fs'
import { toErrorData } from '../../../engine'
import type { Events } from '../../contract/commands'
import type { AgreedNames } from '../agreed-names'
import type { EngineThreads } from '../engine-threads'
import type { Log } from '../log'
import type { TrustLog } from '../trust-log'
import { Adder } from './adder'
import type { ImageRecord } from './image-record'
import { Library } from './library'
import { type ScanImage, Scanner } from './scanner'
import { type FoldersState, WatchedFolders } from './watched-folders'
import { Watcher } from './watcher'

/** Images come and go in bursts; the directories to watch are gathered once for each. */
const FOLLOW_DELAY_MS = 300

export interface LibraryParts {
  readonly library: Library
  readonly scanner: Scanner
  readonly adder: Adder
  readonly folders: WatchedFolders
  readonly watcher: Watcher
  /**
   * Watches the directories of all images, and the folders that the person chose. Looks again at
   * images that changed after their scan but before they were watched.
   */
  readonly follow: () => void
}

export interface LibraryPartsOptions {
  readonly records: readonly ImageRecord[]
  readonly folders: FoldersState
  readonly agreed: AgreedNames
  readonly trust: TrustLog
  readonly engine: Pick<EngineThreads, 'call'>
  readonly onChange: (event: Events['library.changed']) => void
  /** The records are to be kept anew. */
  readonly onRecordsChange: (library: Library) => void
  readonly onFoldersChange: (state: FoldersState) => void
  readonly log: Log
}

/** The library with those who keep it up with the files: by scans, by watching, by adding. */
export function createLibrary(options: LibraryPartsOptions): LibraryParts {
  const { agreed, engine, log } = options
  let followTimer: NodeJS.Timeout | undefined
  const library = new Library({
    records: options.records,
    onChange: options.onChange,
    onFormat: (path, format) => options.trust.settle(path, format),
    onRecordsChange: () => {
      options.onRecordsChange(library)
      followTimer ??= setTimeout(() => {
        followTimer = undefined
        follow()
      }, FOLLOW_DELAY_MS)
    },
  })
  const scan: ScanImage = async (path, knownBase) => {
    try {
      const found = await engine.call('scan', { path, ...(knownBase && { knownBase }) })
      if (found.chain.problem !== undefined) agreed.note(found.chain.problem)
      return found
    } catch (error) {
      agreed.note(toErrorData(error))
      throw error
    }
  }
  const scanner = new Scanner({
    library,
    scan,
    signatures: (lists) => engine.call('signatures', { lists }),
  })
  const adder = new Adder({
    ...{ library, scan },
    find: (paths) => engine.call('find', { paths }),
    rescan: (ids) => scanner.request(ids),
  })
  const folders = new WatchedFolders({
    ...{ stored: options.folders, library, adder },
    onChange: (state) => {
      options.onFoldersChange(state)
      follow()
    },
    onFailure: (error) => log.error('Cannot look for new images', error),
  })
  const watcher = new Watcher({
    watch: (directory, onChange) => watch(directory, { persistent: false }, onChange),
    onChange: (files, directories) => {
      scanner.request(library.usingAny(files, directories))
      folders.noticed(files, directories)
    },
    log,
  })
  const follow = (): void => {
    watcher.follow(new Set([...library.directories(), ...folders.paths]))
    // what became of them between their scan and the watch was seen by nobody
    scanner
      .requestChanged(library.takeUnfollowed())
      .catch((error: unknown) => log.error('Cannot look again at what is new', error))
  }
  return { library, scanner, adder, folders, watcher, follow }
}
