import { EngineError } from '../../base/errors'
import { MIB } from '../../base/units'
import type { Host, HostFile } from '../../host/host'
import { followName, resolveName } from '../file-names'
import { corrupt } from '../names'
import type { OpenLayerOptions } from '../overlay/open-overlay'
import { decodeHeader, HEADER_2_SIZE, headerLength, type Qcow2Header } from './header'
import { Qcow2Layer } from './qcow2-layer'

const L1_ENTRY_SIZE = 8
/** Enough of the start to tell how long the first cluster is. */
const START_SIZE = 2 * HEADER_2_SIZE
/** What pages of tables take in memory where nobody says; more than an overlay's bitmap needs. */
const CACHE_BYTES = 4 * MIB

/**
 * Opens a qcow2 image that is already open as a host file, for reading. Closes nothing of what it
 * was given.
 *
 * Errors: those of decodeHeader; `format/corrupt` where the tables pass the end of the file;
 * `chain/data-missing` where its data file is not there, `chain/same-file` where that is the image
 * itself, and those of the host.
 */
export async function openQcow2(
  host: Host,
  path: string,
  file: HostFile,
  options: OpenLayerOptions,
): Promise<Qcow2Layer> {
  const { size: length } = await file.stat()
  const header = await readHeader(path, file, length)
  checkL1(path, header, length)
  const { externalData } = header
  const named = { path, guessed: options.guessed === true }
  const external =
    externalData === undefined
      ? undefined
      : await openDataFile(host, path, await followName(host, externalData.name, named), file)
  try {
    const dataLength = external === undefined ? length : (await external.file.stat()).size
    const backingPath = backingPathOf(header, path)
    const cacheBytes = options.cacheBytes ?? CACHE_BYTES
    const opened = { path, header, file, length, external, dataLength, backingPath, cacheBytes }
    return new Qcow2Layer(opened)
  } catch (error) {
    await external?.file.close()
    throw error
  }
}

/** The header alone. */
async function readHeader(path: string, file: HostFile, length: number): Promise<Qcow2Header> {
  const start = new Uint8Array(Math.min(length, START_SIZE))
  await file.read(start, 0)
  const bytes = new Uint8Array(Math.min(length, headerLength(start, path)))
  await file.read(bytes, 0)
  return decodeHeader(bytes, path)
}

function checkL1(path: string, { l1 }: Qcow2Header, length: number): void {
  const end = l1.offset + l1.count * L1_ENTRY_SIZE
  if (l1.count === 0 || end <= length) return
  const found = `its table of level 1 ends at byte ${String(end)} of ${String(length)}`
  throw corrupt(path, found, { end, length })
}

async function openDataFile(
  host: Host,
  path: string,
  dataPath: string,
  file: HostFile,
): Promise<{ file: HostFile; path: string }> {
  const data = await openExisting(host, path, dataPath)
  if (data.identity !== file.identity) return { file: data, path: dataPath }
  await data.close()
  const message = `Cannot open ${path}: its data file is the image itself`
  throw new EngineError('chain/same-file', message, { path }, { state: 'unchanged' })
}

async function openExisting(host: Host, path: string, dataPath: string): Promise<HostFile> {
  try {
    return await host.open(dataPath, { access: 'read' })
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'file/missing') throw error
    const message = `Cannot open ${path}: its data file ${dataPath} is missing`
    const details = { path, image: dataPath }
    throw new EngineError('chain/data-missing', message, details, {
      cause: error,
      state: 'unchanged',
    })
  }
}

/** For showing only; whether it can be opened is decided when the chain is. */
function backingPathOf({ backing }: Qcow2Header, path: string): string | undefined {
  if (backing === undefined) return undefined
  try {
    return resolveName(backing.name, path)
  } catch {
    return backing.name
  }
}
