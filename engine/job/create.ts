import * as path from 'node:path'
import { EngineError, isEngineError } from '../base/errors'
import { alignDown, MAX_VIRTUAL_SIZE, SECTOR_SIZE } from '../base/units'
import {
  DEFAULT_CLUSTER_BITS,
  encodeHeader as encodeAcow,
  fileLength as acowLength,
  MAX_CLUSTER_BITS,
  MIN_CREATED_CLUSTER_BITS,
} from '../format/acow/header'
import { encodeHeader as encodeAddCow, fileLength as addCowLength } from '../format/add-cow/header'
import { resolveName } from '../format/file-names'
import { RawLayer } from '../format/raw/raw-layer'
import type { Host } from '../host/host'
import { closeLayers } from '../image/chain'
import type { FormatName } from '../model/image'
import type { CreateRequest, JobPlan, JobResult, PlannedFile, PlanWarning } from '../model/job'
import { isBlank } from './blank-file'
import type { Job } from './job'
import { openNewBacking, storedFormat } from './new-backing'
import { NewFiles } from './new-files'
import { refuseExisting, removeLeft } from './part-file'
import { commandLine, optionValue } from './plan'

/**
 * Makes an overlay: the image file where there is none, and the add-cow file. Both grow as
 * NAME.part, and get their names when they are complete and durable, the add-cow file last; where
 * anything goes wrong, they are removed.
 */
export const createJob: Job<CreateRequest> = {
  stateWhenStopped: 'unchanged',

  plan: async (host, request) => planCreation(request, await prepareOverlay(host, request), host),

  async run(host, request): Promise<JobResult> {
    const prepared = await prepareOverlay(host, request)
    await removeLeft(host, newFilesOf(request, prepared))
    const files = new NewFiles(host)
    try {
      if (!prepared.imageExists) await makeImageFile(prepared, files)
      await makeMetadataFile(request.path, prepared, files)
      await files.publishParts()
    } catch (error) {
      await files.remove()
      throw error
    }
    return { kind: 'create', path: request.path }
  },
}

/** What making an overlay will do. */
export async function planCreation(
  request: CreateRequest,
  prepared: PreparedOverlay,
  host: Host,
): Promise<JobPlan> {
  const { size, imagePath, imageExists, imageHoldsData, backing } = prepared
  const warnings: PlanWarning[] = []
  if (imageHoldsData) warnings.push({ code: 'image-file-reused', details: { path: imagePath } })
  if (backing?.looksLike !== undefined) {
    const details = { path: backing.path, format: backing.looksLike }
    warnings.push({ code: 'backing-looks-foreign', details })
  }
  const files: PlannedFile[] = [
    { path: request.path, role: 'add-cow', action: 'create' },
    { path: imagePath, role: 'image', action: imageExists ? 'write' : 'create' },
  ]
  if (backing !== undefined) files.push({ path: backing.path, role: 'backing', action: 'read' })
  const spaceFree = await host.freeSpace(path.dirname(request.path))
  const plan = {
    kind: 'create',
    problems: [],
    warnings,
    files,
    bytesToCopy: 0,
    spaceNeeded: prepared.fileLength,
    commandLine: commandOf(request, size),
    sizeAfter: size,
  } as const
  return spaceFree === undefined ? plan : { ...plan, spaceFree }
}

/** How a new overlay will be. */
export interface PreparedOverlay {
  readonly size: number
  readonly imagePath: string
  readonly imageExists: boolean
  /** Whether the image file that exists has content that becomes invisible. */
  readonly imageHoldsData: boolean
  readonly backing: Backing | undefined
  /** The start of the add-cow file, and how long the whole is in bytes, the rest zeros. */
  readonly header: Uint8Array
  readonly fileLength: number
}

interface Backing {
  readonly path: string
  readonly format: FormatName
  readonly size: number
  readonly identities: readonly string[]
  /** Where it is taken for raw: the other format that it starts like. */
  readonly looksLike: string | undefined
}

/**
 * Looks at everything that could refuse the overlay, and says how it will be. Changes nothing. With
 * `madeApart`, whoever asks makes the image file, and has looked at what is at its place. Errors
 * are those of the job.
 */
export async function prepareOverlay(
  host: Host,
  request: CreateRequest,
  madeApart = false,
): Promise<PreparedOverlay> {
  await refuseTarget(host, request.path)
  const imagePath = resolveName(request.imageFile, request.path)
  if (imagePath === path.resolve(request.path)) throw sameFile(request.path, imagePath)
  const backing = await openBacking(host, request)
  const size = virtualSize(request, backing)
  const imageExists = !madeApart && (await checkImageFile(host, request, imagePath, backing, size))
  if (!madeApart) await refuseInTheWay(host, request, { imagePath, imageExists })
  const imageHoldsData = imageExists && !(await isBlank(host, imagePath))
  const { header, fileLength } = encode(request, backing, size, imageHoldsData)
  return { size, imagePath, imageExists, imageHoldsData, backing, header, fileLength }
}

async function refuseTarget(host: Host, filePath: string): Promise<void> {
  const directory = path.dirname(filePath)
  const parent = await host.stat(directory)
  if (parent?.kind !== 'directory') {
    const message = `Cannot make ${filePath}: there is no directory ${directory}`
    throw new EngineError('file/missing', message, { path: directory }, { state: 'unchanged' })
  }
  if ((await host.stat(filePath)) === undefined) return
  const message = `Cannot make ${filePath}: it exists already`
  throw new EngineError('file/exists', message, { path: filePath }, { state: 'unchanged' })
}

async function openBacking(host: Host, request: CreateRequest): Promise<Backing | undefined> {
  const { path: target, format: layout, backingFile: name, backingFormat: format } = request
  if (name === undefined || name === '') return undefined
  const failing = `Cannot make ${target}`
  const layers = await openNewBacking(host, { path: target, layout, name, format, failing })
  try {
    const [top] = layers
    if (top === undefined) throw new Error('a chain without a top')
    const identities = layers.flatMap((layer) => layer.files.map(({ file }) => file.identity))
    const size = alignDown(top.size, SECTOR_SIZE)
    const looksLike = top instanceof RawLayer ? top.looksLike : undefined
    return { path: resolveName(name, target), format: top.format, size, identities, looksLike }
  } finally {
    await closeLayers(layers)
  }
}

function virtualSize(request: CreateRequest, backing: Backing | undefined): number {
  const asked = request.size ?? backing?.size
  if (asked === undefined) {
    const message = `Cannot make ${request.path}: without a backing file a size is needed`
    throw new EngineError('invalid-argument', message, { field: 'size' }, { state: 'unchanged' })
  }
  const size = alignDown(asked, SECTOR_SIZE)
  if (size > 0 && size <= MAX_VIRTUAL_SIZE) return size
  const message = `Cannot make ${request.path}: a disk of ${String(asked)} bytes is out of range`
  const details = { field: 'size', size: asked, limit: MAX_VIRTUAL_SIZE }
  throw new EngineError('invalid-argument', message, details, { state: 'unchanged' })
}

/** Whether there is an image file that is to be taken; refuses one that must not be. */
async function checkImageFile(
  host: Host,
  request: CreateRequest,
  imagePath: string,
  backing: Backing | undefined,
  size: number,
): Promise<boolean> {
  const stat = await host.stat(imagePath)
  if (stat === undefined) return false
  const { path: target } = request
  if (stat.kind !== 'file') {
    const message = `Cannot make ${target}: ${imagePath} is not a regular file`
    throw new EngineError('file/not-a-file', message, { path: imagePath }, { state: 'unchanged' })
  }
  if (backing?.identities.includes(stat.identity) === true) throw sameFile(target, imagePath)
  if (request.reuseImageFile !== true) return false
  if (request.format === 'acow' && alignDown(stat.size, SECTOR_SIZE) !== size) {
    const message =
      `Cannot make ${target}: in this layout the image file's length is the disk's size, ` +
      `and ${imagePath} is ${String(stat.size)} bytes long, not ${String(size)}`
    const details = { path: imagePath, length: stat.size, size }
    throw new EngineError('invalid-argument', message, details, { state: 'unchanged' })
  }
  return true
}

type ImagePlace = Pick<PreparedOverlay, 'imagePath' | 'imageExists'>

/** What is made, in the order in which it gets its name. Paths. */
function newFilesOf(
  { path: target }: CreateRequest,
  { imagePath, imageExists }: ImagePlace,
): readonly string[] {
  return imageExists ? [target] : [imagePath, target]
}

/** Refuses what lies at the places of the new files, but for what a killed run has left there. */
async function refuseInTheWay(
  host: Host,
  request: CreateRequest,
  place: ImagePlace,
): Promise<void> {
  const { imagePath } = place
  try {
    await refuseExisting(host, newFilesOf(request, place))
  } catch (error) {
    if (!isEngineError(error, 'file/exists') || error.details['path'] !== imagePath) throw error
    const message = `Cannot make ${request.path}: its image file ${imagePath} exists already`
    const details = { path: imagePath, field: 'image file name' }
    throw new EngineError('file/exists', message, details, { state: 'unchanged' })
  }
}

function sameFile(target: string, twice: string): EngineError {
  const message = `Cannot make ${target}: ${twice} would be used twice in its chain`
  return new EngineError(
    'chain/same-file',
    message,
    { path: target, twice },
    { state: 'unchanged' },
  )
}

function encode(
  request: CreateRequest,
  backing: Backing | undefined,
  size: number,
  imageHoldsData: boolean,
): { header: Uint8Array; fileLength: number } {
  const { imageFile: imageName, backingFile: backingName = '' } = request
  if (request.format === 'add-cow') {
    if (request.clusterSize !== undefined && request.clusterSize !== SECTOR_SIZE) {
      const message = `This layout has clusters of one sector; cluster_size is for the acow layout`
      throw new EngineError('invalid-argument', message, { field: 'cluster_size' })
    }
    const header = encodeAddCow({ backingName, imageName, size })
    return { header, fileLength: addCowLength(size) }
  }
  const clusterBits = clusterBitsOf(request.clusterSize)
  const header = encodeAcow({
    clusterBits,
    backingName: backing === undefined ? undefined : backingName,
    backingFormat: backing === undefined ? '' : storedFormat(backing.format),
    imageName,
    imageFormat: 'raw',
    // With the flag, what an image file held before would be the content of the disk.
    allAllocated: backing === undefined && !imageHoldsData,
  })
  return { header, fileLength: acowLength(clusterBits, size) }
}

function clusterBitsOf(clusterSize: number | undefined): number {
  if (clusterSize === undefined) return DEFAULT_CLUSTER_BITS
  const bits = Math.log2(clusterSize)
  if (Number.isInteger(bits) && bits >= MIN_CREATED_CLUSTER_BITS && bits <= MAX_CLUSTER_BITS) {
    return bits
  }
  const message = `A cluster size of ${String(clusterSize)} is no power of two from 4 KiB to 2 MiB`
  throw new EngineError('invalid-argument', message, { field: 'cluster_size', clusterSize })
}

async function makeImageFile({ imagePath, size }: PreparedOverlay, files: NewFiles): Promise<void> {
  const image = await files.makePart(imagePath)
  await image.truncate(size)
  await image.sync()
}

async function makeMetadataFile(
  target: string,
  { header, fileLength }: PreparedOverlay,
  files: NewFiles,
): Promise<void> {
  const metadata = await files.makePart(target)
  await metadata.write(header, 0)
  await metadata.truncate(fileLength)
  await metadata.sync()
}

function commandOf(request: CreateRequest, size: number): string {
  const options = [`image_file=${optionValue(request.imageFile)}`]
  if (request.backingFile !== undefined && request.backingFile !== '') {
    options.unshift(`backing_file=${optionValue(request.backingFile)}`)
  }
  if (request.backingFormat !== undefined) options.push(`backing_fmt=${request.backingFormat}`)
  if (request.clusterSize !== undefined) {
    options.push(`cluster_size=${String(request.clusterSize)}`)
  }
  const words = ['create', '-f', request.format, '-o', options.join(','), request.path]
  return commandLine(...words, ...(request.size === undefined ? [] : [String(size)]))
}
