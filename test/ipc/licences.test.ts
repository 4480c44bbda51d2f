import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readLicences } from '../../electron/main/licences'
import { failure } from '../support/expect-error'
import { temporaryFolder } from '../support/temporary-folder'

const one = { name: 'vue', version: '3.5.0', identifier: 'MIT', text: 'words of vue' }
const other = { name: 'zod', version: '4.6.7' }

async function fill(folder: string): Promise<void> {
  for (const part of ['out/main', 'out/renderer', 'node_modules/koffi'])
    await mkdir(join(folder, part), { recursive: true })
  await writeFile(join(folder, 'out/main/licences.json'), JSON.stringify([other, one]))
  await writeFile(join(folder, 'out/renderer/licences.json'), JSON.stringify([one]))
  const manifest = { name: 'koffi', version: '3.3.4', license: 'MIT' }
  await writeFile(join(folder, 'node_modules/koffi/package.json'), JSON.stringify(manifest))
  await writeFile(join(folder, 'node_modules/koffi/LICENSE.txt'), 'words of koffi')
}

test('the licences are those of all that is bundled and of what is beside it', async () => {
  const folder = temporaryFolder()
  await fill(folder)
  expect(await readLicences(folder)).toEqual([
    { name: 'koffi', version: '3.3.4', identifier: 'MIT', text: 'words of koffi' },
    one,
    other,
  ])
})

test('an application that was not built says which file is missing', async () => {
  const folder = temporaryFolder()
  const error = await failure(readLicences(folder))
  expect(error.code).toBe('file/missing')
  expect(error.details).toEqual({ path: join(folder, 'out/main/licences.json') })
})
