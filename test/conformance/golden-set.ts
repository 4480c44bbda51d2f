/*
 * Images that the two original drivers of add-cow wrote, with the sha256 of their content. A few
 * small ones lie in test/fixtures/golden; the full set is used where it is beside the checkout.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../../build/lib/project'

export const smallSet = join(projectRoot, 'test/fixtures/golden/cases.tar.gz')
export const fullSet = join(projectRoot, '../shared/golden/golden.tar.xz')

/** One image with all that belongs to it. */
export interface GoldenCase {
  /** Such as `v20/names-comma`. */
  readonly name: string
  readonly folder: string
  /** The add-cow file, below the folder. */
  readonly overlay: string
  /** The layout by our name. */
  readonly format: 'add-cow' | 'acow'
}

export interface GoldenSet {
  readonly cases: readonly GoldenCase[]
  readonly remove: () => void
}

/** Unpacks a set into a folder of its own. */
export function unpack(archive: string): GoldenSet {
  const folder = mkdtempSync(join(tmpdir(), 'add-cow-golden-'))
  execFileSync('tar', ['-xf', archive, '--strip-components=1', '-C', folder])
  const cases = ['v6', 'v20'].flatMap((driver) =>
    readdirSync(join(folder, driver)).map((name) => goldenCase(folder, driver, name)),
  )
  return {
    cases,
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function goldenCase(root: string, driver: string, word: string): GoldenCase {
  const name = `${driver}/${word}`
  const folder = join(root, name)
  const candidates = ['top.add-cow', 'sub/x.add-cow', 'x.add-cow']
  const overlay = candidates.find((path) => existsSync(join(folder, path)))
  if (overlay === undefined) throw new Error(`${name} has no overlay`)
  return { name, folder, overlay, format: driver === 'v6' ? 'add-cow' : 'acow' }
}

/** The hash that one of the case's notes begins with; undefined where there is no such note. */
export function notedHash({ folder }: GoldenCase, note: string): string | undefined {
  const path = join(folder, note)
  return existsSync(path) ? readFileSync(path, 'utf8').slice(0, 64) : undefined
}

/** What tells whether a file of the case was changed: its content, length, and time of change. */
export function fileStates({ folder }: GoldenCase): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => statSync(join(folder, name)).isFile())
  return Object.fromEntries(
    files.map((name) => {
      const path = join(folder, name)
      const { size, mtimeMs } = statSync(path)
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex')
      return [name, `${hash} ${String(size)} ${String(mtimeMs)}`]
    }),
  )
}
