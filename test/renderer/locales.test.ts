import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { ERROR_CODES } from '../../engine/base/errors'
import { FINDING_CODES } from '../../engine/model/image'
import { WARNING_CODES } from '../../engine/model/job'
import { i18n, messages } from '../../renderer/locales'

type Tree = string | { readonly [key: string]: Tree }

/** Every text with its dotted key. */
function leaves(tree: Tree, prefix = ''): Map<string, string> {
  if (typeof tree === 'string') return new Map([[prefix, tree]])
  const parts = Object.entries(tree).map(([key, value]) =>
    leaves(value, prefix === '' ? key : `${prefix}.${key}`),
  )
  return new Map(parts.flatMap((part) => [...part]))
}

function placeholders(text: string): string[] {
  return [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()
}

const english = leaves(messages.en)
const german = leaves(messages.de)
const root = join(import.meta.dirname, '../../renderer')

/** What stands in the sources of the window, apart from the texts themselves. */
function sources(): string {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(vue|ts)$/.test(name) && !name.startsWith('locales'))
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n')
}

describe('texts', () => {
  test('have the same keys in both languages', () => {
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort())
  })

  test.each([...english])('%s has the same places to fill, and as many forms', (key, text) => {
    const other = german.get(key) ?? ''
    expect(placeholders(other)).toEqual(placeholders(text))
    expect(other.split(' | ')).toHaveLength(text.split(' | ').length)
    expect(other.trim()).not.toBe('')
  })

  test.each(['en', 'de'] as const)('are all understood by the library: %s', (language) => {
    const warn = vi.spyOn(console, 'warn')
    i18n.global.locale.value = language
    for (const key of english.keys()) expect(i18n.global.t(key)).not.toBe(key)
    expect(warn).not.toHaveBeenCalled()
  })

  test('are all used: a key is written out, or begins with what a template fills', () => {
    const code = sources()
    const filled = [...code.matchAll(/`([\w-]+(?:\.[\w-]+)*\.)\$\{/g)].map(
      (match) => match[1] ?? '',
    )
    const unused = [...english.keys()].filter(
      (key) => !code.includes(`'${key}'`) && !filled.some((prefix) => key.startsWith(prefix)),
    )
    expect(unused).toEqual([])
  })
})

describe.each([
  ['en', english],
  ['de', german],
] as const)('codes in %s', (_language, texts) => {
  test.each(ERROR_CODES)('the error %s says what, why and what helps', (code) => {
    for (const part of ['title', 'why', 'help'])
      expect(texts.get(`errors.${code}.${part}`)).toBeTruthy()
    // Any error may lack any detail: only the file has words of its own for that case.
    const filled = ['title', 'why', 'help'].flatMap((part) =>
      placeholders(texts.get(`errors.${code}.${part}`) ?? ''),
    )
    expect(filled.filter((place) => place !== '{file}')).toEqual([])
  })

  test.each(FINDING_CODES)('the finding %s has a text', (code) => {
    expect(texts.get(`findings.${code}`)).toBeTruthy()
  })

  test.each(WARNING_CODES)('the warning %s has a text', (code) => {
    expect(texts.get(`warnings.${code}`)).toBeTruthy()
  })
})
