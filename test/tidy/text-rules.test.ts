import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { projectRoot } from '../../build/lib/project'
import { describeNeeding, gitCheckout } from '../support/requires'
import { textProblems } from './text-rules'

/** Broken on purpose, or full of what the rules look for because they are about it. */
const exempt = /^test\/tidy\/(fixtures\/|text-rules\.)/
const binary = ['.png', '.ico', '.icns', '.gz', '.img', '.zst']

function projectFiles(): readonly string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const listed = execFileSync('git', args, { cwd: projectRoot, encoding: 'utf8' })
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(projectRoot, path)))
}

describeNeeding(gitCheckout, 'every file of the project', () => {
  test('keeps to the rules', () => {
    const files = projectFiles().filter((path) => !exempt.test(path))
    expect(files.length).toBeGreaterThan(50)
    const problems = files.flatMap((path) => {
      const isText = !binary.includes(extname(path))
      return textProblems({
        path,
        text: isText ? readFileSync(join(projectRoot, path), 'utf8') : '',
      })
    })
    expect(problems).toEqual([])
  })
})

describe('the rules find', () => {
  const clean = 'const one = 1\n'

  test.each([
    ['kebab-case', 'engine/baseStuff.ts', clean],
    ['kebab-case', 'engine/Base/stuff.ts', clean],
    ['kebab-case', 'engine/base_stuff.ts', clean],
    ['file-length', 'engine/long.ts', 'a\n'.repeat(500)],
    ['line-length', 'engine/wide.ts', `${'x'.repeat(101)}\n`],
    ['final-newline', 'engine/open.ts', 'const one = 1'],
    ['final-newline', 'engine/gap.ts', 'const one = 1\n\n'],
    ['plain-whitespace', 'README.md', 'word \n'],
    ['plain-whitespace', 'engine/tab.ts', '\tconst one = 1\n'],
    ['no-silencing', 'engine/quiet.ts', `// @ts-ignore\n`],
    ['no-silencing', 'engine/quiet.ts', `/* eslint-disable */\n`],
    ['no-later', 'engine/later.ts', `// TODO finish\n`],
    ['no-lone-test', 'test/unit/a.test.ts', `test.only('x', () => {})\n`],
    ['no-lone-test', 'test/unit/a.test.ts', `describe.skipIf(true)('x', () => {})\n`],
    ['no-package-host', '.npmrc', `registry=https://${['registry', 'npmjs', 'org'].join('.')}\n`],
    ['no-machine-path', 'build/a.ts', `const path = '${['', 'root', 'main'].join('/')}'\n`],
    ['no-machine-path', 'README.md', `cd ${['', 'work', 'main'].join('/')}\n`],
  ])('%s in %s', (rule, path, text) => {
    const problems = textProblems({ path, text })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`${path}: ${rule}: `)
  })

  test('nothing in a tidy file', () => {
    expect(textProblems({ path: 'engine/base/stuff.ts', text: clean })).toEqual([])
    expect(textProblems({ path: 'engine/format/add-cow/SPEC.md', text: '# Format\n' })).toEqual([])
    expect(textProblems({ path: '.ci/run', text: 'set -e\n' })).toEqual([])
    expect(textProblems({ path: 'renderer/stores/jobs.store.ts', text: clean })).toEqual([])
  })
})
