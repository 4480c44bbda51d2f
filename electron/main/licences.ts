import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { EngineError } from '../../engine'
import type { Licence } from '../contract/commands'

const bundled: z.ZodType<Licence[]> = z.array(
  z.object({
    name: z.string(),
    version: z.string(),
    identifier: z.string().exactOptional(),
    text: z.string().exactOptional(),
  }),
)
const manifest = z.object({ name: z.string(), version: z.string(), license: z.string() })

/** Lists that the build has written of what it bundled. */
const LISTS = ['out/main/licences.json', 'out/renderer/licences.json']
/** Shipped beside the bundles, as it has parts that are no script. */
const BESIDE = 'node_modules/koffi'

/**
 * The licences of all libraries that are shipped in `folder`, the application's own, by name.
 * Error: `file/missing` where the application was not built, or not whole.
 */
export async function readLicences(folder: string): Promise<readonly Licence[]> {
  const found = new Map<string, Licence>()
  const add = (one: Licence): unknown => found.set(`${one.name} ${one.version}`, one)
  for (const list of LISTS) bundled.parse(JSON.parse(await textOf(join(folder, list)))).forEach(add)
  const { license, ...rest } = manifest.parse(
    JSON.parse(await textOf(join(folder, BESIDE, 'package.json'))),
  )
  add({ ...rest, identifier: license, text: await textOf(join(folder, BESIDE, 'LICENSE.txt')) })
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new EngineError('file/missing', `Cannot read the licences: ${why}`, { path })
  }
}
