import type {
  Bootstrap,
  Bridge,
  CommandName,
  Commands,
  EventName,
  Events,
  Reply,
} from '../../electron/contract/commands'
import type { ExportId, ExportSnapshot, StartExportRequest } from '../../electron/contract/exports'
import type {
  JobId,
  JobSnapshot,
  WindowJobPlan,
  WindowJobRequest,
} from '../../electron/contract/jobs'
import type {
  AddResult,
  ImageDetails,
  ImageId,
  ImageSummary,
} from '../../electron/contract/library'
import type { Settings } from '../../electron/contract/settings'
import { EngineError, toErrorData } from '../../engine/base/errors'
import { pathOf } from '../../renderer/stores/library.store'
import { detailsOf, planOf } from './fake-answers'
import { fakeDisk, type FakeDisk } from './fake-map'

type Handler<Name extends CommandName> = (
  request: Commands[Name]['request'],
) => Commands[Name]['result'] | Promise<Commands[Name]['result']>

type Handlers = { [Name in CommandName]: Handler<Name> }
type Listeners = { [Name in EventName]: Set<(event: Events[Name]) => void> }

/** What the fake main process starts with; the rest is empty or the default. */
export interface FakeStart {
  readonly images?: readonly ImageSummary[]
  readonly jobs?: readonly JobSnapshot[]
  readonly exports?: readonly ExportSnapshot[]
  readonly settings?: Partial<Settings>
  readonly locale?: string
  readonly platform?: Bootstrap['platform']
}

export interface Call {
  readonly name: CommandName
  readonly request: unknown
}

const LICENCES: Commands['app.licences']['result'] = [
  { name: 'koffi', version: '3.3.4', identifier: 'MIT', text: 'Permission is hereby granted' },
  { name: 'silent', version: '1.0.0' },
  { name: 'vue', version: '3.5.45', identifier: 'MIT', text: 'The Vue licence'.repeat(40) },
]

/**
 * Stands in for preload and main process where the window runs alone. It keeps images, jobs and
 * settings as the main process does; jobs only move when a test moves them.
 */
export class FakeBridge implements Bridge<File> {
  readonly images: Map<ImageId, ImageSummary>
  readonly jobs: Map<JobId, JobSnapshot>
  readonly exports: Map<ExportId, ExportSnapshot>
  canStartQemu = true
  readonly details = new Map<ImageId, Partial<ImageDetails>>()
  /** What each disk is made of; made up from its details where a test does not say. */
  readonly disks = new Map<ImageId, FakeDisk>()
  /** Every command that the window gave, oldest first. */
  readonly calls: Call[] = []
  settings: Settings
  /** What comes of adding files, by dialog or drop. */
  nextAdd: AddResult = { added: [], known: [], refused: [] }
  folders: string[] = []
  agreedNames: readonly string[] = []
  private readonly start: FakeStart
  private readonly handlers: Handlers
  private readonly listeners: Listeners = {
    'library.changed': new Set(),
    'job.changed': new Set(),
    'job.removed': new Set(),
    'export.changed': new Set(),
    'export.removed': new Set(),
    'settings.changed': new Set(),
    'map.progress': new Set(),
    'window.action': new Set(),
    'library.added': new Set(),
  }
  private lastJob = 0

  constructor(start: FakeStart = {}) {
    this.start = start
    this.images = new Map((start.images ?? []).map((image) => [image.id, image]))
    this.jobs = new Map((start.jobs ?? []).map((job) => [job.id, job]))
    this.exports = new Map((start.exports ?? []).map((one) => [one.id, one]))
    this.settings = {
      theme: 'system',
      language: 'system',
      units: 'binary',
      verifyByDefault: true,
      simultaneousJobs: 1,
      notify: true,
      cacheMiB: 4,
      ...start.settings,
    }
    this.handlers = this.defaultHandlers()
  }

  /** Answers a command in another way from now on. A thrown EngineError becomes an error reply. */
  answer<Name extends CommandName>(name: Name, handler: Handler<Name>): void {
    Object.assign(this.handlers, { [name]: handler })
  }

  /** Says something of the main process's own accord. */
  emit<Name extends EventName>(name: Name, event: Events[Name]): void {
    for (const listener of this.listeners[name]) listener(event)
  }

  /** Changes images as a scan would, and says so. */
  change(...images: readonly ImageSummary[]): void {
    for (const image of images) this.images.set(image.id, image)
    this.emit('library.changed', { changed: images, removed: [] })
  }

  /** Moves a job on, and says so. */
  moveJob(id: JobId, part: Partial<JobSnapshot>): void {
    const job = this.jobs.get(id)
    if (job === undefined) throw new Error(`no job ${id}`)
    const next = { ...job, ...part }
    this.jobs.set(id, next)
    this.emit('job.changed', next)
  }

  /** Changes an export, and says so. */
  moveExport(id: ExportId, part: Partial<ExportSnapshot>): undefined {
    const one = this.exports.get(id)
    if (one === undefined) throw new Error(`no export ${id}`)
    const next = { ...one, ...part }
    this.exports.set(id, next)
    this.emit('export.changed', next)
  }

  /** The requests of all calls of a command. */
  requestsOf(name: CommandName): unknown[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.request)
  }

  async invoke<Name extends CommandName>(
    name: Name,
    request: Commands[Name]['request'],
  ): Promise<Reply<Commands[Name]['result']>> {
    this.calls.push({ name, request })
    try {
      return { ok: true, value: await this.handlers[name](request) }
    } catch (error) {
      return { ok: false, error: toErrorData(error) }
    }
  }

  on<Name extends EventName>(name: Name, listener: (event: Events[Name]) => void): () => void {
    this.listeners[name].add(listener)
    return () => this.listeners[name].delete(listener)
  }

  addDropped(): Promise<Reply<AddResult>> {
    return Promise.resolve({ ok: true, value: this.nextAdd })
  }

  private image(id: ImageId): ImageSummary {
    const image = this.images.get(id)
    if (image === undefined)
      throw new EngineError('invalid-argument', `There is no image ${id}`, { field: 'id' })
    return image
  }

  private detailsOf(id: ImageId): ImageDetails {
    return { ...detailsOf(this.images, id), ...this.details.get(id) }
  }

  private disk(id: ImageId): FakeDisk {
    const known = this.disks.get(id)
    if (known !== undefined) return known
    const disk = fakeDisk(this.detailsOf(id))
    this.disks.set(id, disk)
    return disk
  }

  private plan(request: WindowJobRequest): WindowJobPlan {
    const id = request.kind === 'create' ? request.baseId : request.imageId
    return planOf(request, this.image(id), this.images)
  }

  private startJob(request: WindowJobRequest): { id: JobId } {
    this.lastJob += 1
    const id = `job-${this.lastJob}`
    const image = this.image(request.kind === 'create' ? request.baseId : request.imageId)
    const name = request.kind === 'create' ? request.name : image.name
    const now = Date.now()
    const job: JobSnapshot = {
      id,
      kind: request.kind,
      status: 'running',
      path: `${image.directory}/${name}`,
      ...(request.kind === 'create' ? {} : { imageId: image.id }),
      ...(request.kind === 'compare' && {
        otherId: request.otherId,
        target: pathOf(this.image(request.otherId)),
      }),
      createdAt: now,
      startedAt: now,
    }
    this.jobs.set(id, job)
    this.emit('job.changed', job)
    return { id }
  }

  private startExport({ imageId, readOnly, place }: StartExportRequest): { id: ExportId } {
    const image = this.image(imageId)
    const id = `export-${this.exports.size + 1}`
    const uri =
      place.kind === 'tcp'
        ? `nbd://127.0.0.1:${place.port}`
        : `nbd+unix:///?socket=/run/user/1000/add-cow-x/${image.name}.sock`
    const figures = { clients: 0, clientsWithOldSize: 0, bytesRead: 0, bytesWritten: 0 }
    this.exports.set(id, {
      ...{ id, status: 'running', imageId, path: pathOf(image), readOnly, uri, ...figures },
      ...{ size: image.virtualSize ?? 0, startedAt: Date.now(), readSpeed: 0, writeSpeed: 0 },
      machines: 0,
    })
    this.moveExport(id, {})
    return { id }
  }

  private stopExport(id: ExportId): undefined {
    this.exports.delete(id)
    this.emit('export.removed', { id })
  }

  private planExportSnapshot(id: ExportId, name: string, imageFileName: string): WindowJobPlan {
    const imageId = this.exports.get(id)?.imageId ?? ''
    const plan = this.plan({ kind: 'create', baseId: imageId, name, imageFileName })
    return { ...plan, commandLine: '' }
  }

  private forget(ids: readonly ImageId[]): undefined {
    for (const id of ids) this.images.delete(id)
    this.emit('library.changed', { changed: [], removed: ids })
  }

  private clearJobs(ids: readonly JobId[]): undefined {
    for (const id of ids) this.moveJob(id, { cleared: true })
  }

  private changeSettings(part: Partial<Settings>): Settings {
    this.settings = { ...this.settings, ...part }
    return this.settings
  }

  private addFolder(): AddResult {
    this.folders.push(`/srv/folder-${String(this.folders.length + 1)}`)
    return this.nextAdd
  }

  private removeFolder(folder: string): undefined {
    this.folders = this.folders.filter((one) => one !== folder)
  }

  private defaultHandlers(): Handlers {
    return {
      'folders.list': () => [...this.folders],
      'folders.add': () => this.addFolder(),
      'folders.remove': ({ folder }) => this.removeFolder(folder),
      'app.bootstrap': () => ({
        version: '0.1.0',
        electron: '45.4.1',
        chromium: '150.0.7871.12',
        node: '24.18.0',
        platform: this.start.platform ?? 'linux',
        locale: this.start.locale ?? 'en-GB',
        settings: this.settings,
        images: [...this.images.values()],
        jobs: [...this.jobs.values()],
      }),
      'app.copyText': () => undefined,
      'app.licences': () => LICENCES,
      'app.showLog': () => undefined,
      'library.add': () => this.nextAdd,
      'library.forget': ({ ids }) => this.forget(ids),
      'library.rescan': () => undefined,
      'library.agree': () => undefined,
      'library.agreedNames': () => this.agreedNames,
      'library.withdraw': ({ name }) => {
        this.agreedNames = this.agreedNames.filter((one) => one !== name)
        return undefined
      },
      'library.showInFolder': () => undefined,
      'library.treatAs': () => undefined,
      'library.createSample': () => ({ id: [...this.images.keys()][0] ?? '' }),
      'image.details': ({ id }) => this.detailsOf(id),
      'map.open': ({ id }) => this.disk(id).map(id),
      'map.tile': (request) => this.disk(request.id).tile(request),
      'map.extents': ({ id, first, count }) => this.disk(id).list(first, count),
      'map.extentAt': ({ id, offset }) => this.disk(id).extentAt(offset),
      'map.bytes': ({ id, offset, length }) => this.disk(id).bytes(offset, length),
      'dialog.pickFolder': () => ({ id: 'grant-1', path: '/srv/overlays' }),
      'dialog.pickExportTarget': ({ format }) => ({
        ...{ id: 'grant-2', path: `/srv/export/disk.${format}` },
      }),
      'dialog.pickBase': () => ({ id: 'grant-3', path: '/mnt/new/archive/windows-2022-base.raw' }),
      'job.plan': (request) => this.plan(request),
      'job.start': (request) => this.startJob(request),
      'job.cancel': ({ id }) => {
        this.moveJob(id, { status: 'cancelling' })
        return undefined
      },
      'job.pause': ({ id }) => {
        this.moveJob(id, { status: 'paused' })
        return undefined
      },
      'job.resume': ({ id }) => {
        this.moveJob(id, { status: 'running' })
        return undefined
      },
      'job.goOn': ({ id }) => {
        this.moveJob(id, { status: 'running' })
        return undefined
      },
      'job.clear': ({ ids }) => this.clearJobs(ids),
      'export.list': () => ({
        exports: [...this.exports.values()],
        canStartQemu: this.canStartQemu,
      }),
      'export.start': (request) => this.startExport(request),
      'export.stop': ({ id }) => this.stopExport(id),
      'export.planSnapshot': ({ id, name, imageFileName }) =>
        this.planExportSnapshot(id, name, imageFileName),
      'export.takeSnapshot': () => undefined,
      'export.flatten': ({ id, ...limit }) => {
        const path = this.exports.get(id)?.path ?? ''
        const far = { current: 0, total: this.exports.get(id)?.size ?? 0 }
        this.moveExport(id, { flatten: { path, ...limit, status: 'running', ...far } })
      },
      'export.stopFlatten': () => undefined,
      'export.grow': ({ id, size }) => this.moveExport(id, { size }),
      'export.startQemu': ({ id }) => this.moveExport(id, { machines: 1 }),
      'settings.change': (part) => this.changeSettings(part),
    }
  }
}
