import {
  type ChainInfo,
  type DiskContent,
  EngineError,
  type ErrorData,
  isEngineError,
} from '../../engine'
import type { Bootstrap, CommandName, Licence } from '../contract/commands'
import type { AddResult, ImageDetails, ImageId } from '../contract/library'
import type { Calls } from '../worker/calls'
import type { AgreedNames } from './agreed-names'
import type { Dialogs } from './dialogs'
import type { EngineThreads } from './engine-threads'
import type { Exports } from './exports/exports'
import type { Grants } from './grants'
import type { Handlers } from './ipc-dispatch'
import type { JobQueue } from './jobs/job-queue'
import { agreeToPicked } from './jobs/agree-to-picked'
import { libraryPlan, refuseBreaking, refuseOtherFormat } from './jobs/breaking'
import { type ResolvedJob, resolveJob } from './jobs/job-requests'
import type { Planner } from './jobs/planner'
import type { Adder } from './library/adder'
import type { Library } from './library/library'
import type { WatchedFolders } from './library/watched-folders'
import type { Scanner } from './library/scanner'
import type { MapReader } from './map-reader'
import type { SettingsStore } from './settings'

/** What is known of the program and of the system it runs on. */
export type Fact = 'version' | 'electron' | 'chromium' | 'node' | 'platform' | 'locale'

export interface CommandParts {
  readonly facts: Pick<Bootstrap, Fact>
  readonly library: Library
  readonly scanner: Scanner
  readonly adder: Adder
  readonly folders: WatchedFolders
  readonly agreed: AgreedNames
  readonly queue: JobQueue
  readonly planner: Planner
  readonly exports: Exports
  readonly grants: Grants
  readonly settings: SettingsStore
  readonly maps: MapReader
  readonly engine: Pick<EngineThreads, 'call'>
  readonly dialogs: Pick<
    Dialogs,
    | ('pickImages' | 'pickImageFolder' | 'pickWatchedFolder')
    | ('pickOverlayFolder' | 'pickExportTarget' | 'pickBase')
  >
  readonly desktop: {
    copyText(text: string): void | Promise<void>
    showInFolder(path: string): void
    showLog(): void
  }
  readonly licences: () => Promise<readonly Licence[]>
  /** The folder in which samples are made. */
  readonly sampleFolder: string
  /** The window has asked for all that it needs: from now on it hears what is told. */
  readonly onBootstrap: () => void
}

/** What the main process does for each command of the window. */
export function commandHandlers(parts: CommandParts): Handlers {
  const { library, scanner, adder, queue, planner, grants, settings, dialogs, desktop } = parts
  const { maps } = parts
  return {
    'app.bootstrap': () => bootstrap(parts),
    'app.copyText': async ({ text }) => {
      await desktop.copyText(text)
    },
    'app.licences': () => parts.licences(),
    'app.showLog': () => {
      desktop.showLog()
    },
    'library.add': async ({ what }) =>
      await adder.add(await (what === 'files' ? dialogs.pickImages() : dialogs.pickImageFolder())),
    'library.forget': ({ ids }) => {
      parts.folders.leaveOut(
        ids.filter((id) => library.has(id)).map((id) => library.record(id).path),
      )
      library.forget(ids)
    },
    'library.rescan': ({ ids }) => {
      scanner.request(ids ?? library.ids())
    },
    'library.agree': async ({ name }) => {
      const waiting = library.waitingFor([name])
      parts.agreed.agree(name)
      scanner.request(waiting)
      await adder.addWaiting(name)
    },
    'library.treatAs': ({ id, format }) => {
      refuseOtherFormat(library, id)
      library.settle(library.record(id).path, format)
      scanner.request([id])
    },
    'library.showInFolder': ({ id }) => {
      desktop.showInFolder(library.record(id).path)
    },
    'library.createSample': () => createSample(parts),
    'library.agreedNames': () => [...parts.agreed.names],
    'library.withdraw': ({ name }) => {
      parts.agreed.withdraw(name)
      // which of them the yes has let through no record tells: a link, an extent of a VMDK
      scanner.request([...library.using([name]), ...library.naming()])
    },
    'folders.list': () => [...parts.folders.paths],
    'folders.add': async () => {
      const folder = await dialogs.pickWatchedFolder()
      return folder === undefined
        ? { added: [], known: [], refused: [] }
        : await parts.folders.add(folder)
    },
    'folders.remove': ({ folder }) => {
      parts.folders.remove(folder)
    },
    'image.details': ({ id }) => imageDetails(parts, id),
    'map.open': ({ id }) => maps.open(id),
    'map.tile': (request) => maps.tile(request),
    'map.extents': (request) => maps.extents(request),
    'map.extentAt': ({ id, offset }) => maps.extentAt(id, offset),
    'map.bytes': (request) => maps.bytes(request),
    'dialog.pickFolder': async () => {
      const folder = await dialogs.pickOverlayFolder()
      return folder === undefined ? undefined : grants.issue('folder-for-overlay', folder)
    },
    'dialog.pickExportTarget': async ({ imageId, format }) => {
      const target = await dialogs.pickExportTarget(library.record(imageId).path, format)
      return target === undefined ? undefined : grants.issue('export-target', target)
    },
    'dialog.pickBase': async ({ imageId }) => {
      const base = await dialogs.pickBase(library.record(imageId).path)
      return base === undefined ? undefined : grants.issue('base', base)
    },
    'job.plan': async (request) => {
      const job = resolveJob(request, library, grants)
      return { ...(await planner.work(job, obstacle(parts, job))), ...libraryPlan(library, job) }
    },
    'job.start': (request) => {
      const job = resolveJob(request, library, grants)
      refuse(obstacle(parts, job))
      refuseBreaking(library, job)
      agreeToPicked(job, library, parts.agreed)
      return { id: queue.add(job) }
    },
    'job.cancel': ({ id }) => {
      queue.cancel(id)
    },
    'job.pause': ({ id }) => {
      queue.pause(id)
    },
    'job.resume': ({ id }) => {
      queue.resume(id)
    },
    'job.goOn': ({ id }) => {
      const job = queue.leftBy(id)
      refuse(obstacle(parts, job))
      refuseBreaking(library, job)
      queue.goOn(id)
    },
    'job.clear': ({ ids }) => {
      queue.clear(ids)
    },
    ...exportHandlers(parts.exports),
    'settings.change': (part) => settings.change(part),
  }
}

type ExportCommand = Extract<CommandName, `export.${string}`>

function exportHandlers(exports: Exports): Pick<Handlers, ExportCommand> {
  return {
    'export.list': () => exports.list(),
    'export.start': (request) => exports.start(request),
    'export.stop': async ({ id }) => {
      await exports.stop(id)
    },
    'export.planSnapshot': (request) => exports.planSnapshot(request),
    'export.takeSnapshot': async (request) => {
      await exports.takeSnapshot(request)
    },
    'export.flatten': (request) => {
      exports.flatten(request)
    },
    'export.stopFlatten': async ({ id }) => {
      await exports.stopFlatten(id)
    },
    'export.grow': async ({ id, size }) => {
      await exports.grow(id, size)
    },
    'export.startQemu': async ({ id, throwAway }) => {
      await exports.startQemu(id, throwAway)
    },
  }
}

function bootstrap({ facts, settings, library, queue, onBootstrap }: CommandParts): Bootstrap {
  onBootstrap()
  return {
    ...facts,
    settings: settings.current,
    images: library.summaries(),
    jobs: queue.snapshots(),
  }
}

/**
 * What the library knows against a job. A check may look at everything; a move and a rebase by
 * names alone do not look at what lies below.
 */
function obstacle(
  { library }: CommandParts,
  { request, imageId }: ResolvedJob,
): ErrorData | undefined {
  const { kind } = request
  const free = kind === 'check' || kind === 'move' || (kind === 'rebase' && request.namesOnly)
  return free ? undefined : library.obstacle(imageId)
}

function refuse(problem: ErrorData | undefined): void {
  if (problem !== undefined) throw EngineError.fromData(problem)
}

async function createSample(parts: CommandParts): Promise<{ id: ImageId }> {
  const { engine, adder, sampleFolder } = parts
  const { base, overlay } = await engine.call('makeSample', { parent: sampleFolder })
  refuseLeftOut(await adder.add([base]))
  const { added, known } = refuseLeftOut(await adder.add([overlay]))
  const [id] = [...added, ...known]
  if (id === undefined) throw new EngineError('internal', `${overlay} was not added`)
  return { id }
}

function refuseLeftOut(result: AddResult): AddResult {
  const [first] = result.refused
  if (first !== undefined) throw EngineError.fromData(first.error)
  return result
}

async function imageDetails(parts: CommandParts, id: ImageId): Promise<ImageDetails> {
  const { library, engine, agreed } = parts
  const { path, base, lastCheck } = library.record(id)
  const [{ chain, layerPaths }, content] = await Promise.all([
    lookAt(engine, { path, ...(base && { knownBase: base }) }),
    lookInside(engine, path),
  ])
  if (chain.problem !== undefined) agreed.note(chain.problem)
  const layers = layerPaths.map((layerPath) => {
    const layerId = library.idOf(layerPath)
    return { ...(layerId !== undefined && { id: layerId }), usedBy: library.usedBy(layerPath) }
  })
  return { id, path, chain, layers, ...(lastCheck && { lastCheck }), ...(content && { content }) }
}

/** What keeps it from being read is told by the chain. */
async function lookInside(
  engine: CommandParts['engine'],
  path: string,
): Promise<DiskContent | undefined> {
  try {
    return await engine.call('content', { path })
  } catch (error) {
    if (!isEngineError(error)) throw error
    return undefined
  }
}

/** A chain; one whose top cannot be opened has no layers, and the reason why. */
async function lookAt(
  engine: CommandParts['engine'],
  request: Calls['look']['request'],
): Promise<{ chain: ChainInfo; layerPaths: readonly string[] }> {
  try {
    return await engine.call('look', request)
  } catch (error) {
    if (!isEngineError(error)) throw error
    return { chain: { layers: [], problem: error.toData() }, layerPaths: [] }
  }
}
