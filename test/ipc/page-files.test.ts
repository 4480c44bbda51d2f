import fc from 'fast-check'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  CONTENT_SECURITY_POLICY,
  PAGE_URL,
  pageFile,
  servePage,
} from '../../electron/main/page-files'
import { temporaryFolder } from '../support/temporary-folder'

let root: string

beforeEach(() => {
  const folder = temporaryFolder()
  root = join(folder, 'renderer')
  mkdirSync(join(root, 'assets'), { recursive: true })
  mkdirSync(join(root, 'folder.js'))
  writeFileSync(join(root, 'index.html'), '<!doctype html>')
  writeFileSync(join(root, 'assets', 'a b.js'), 'export {}')
  writeFileSync(join(folder, 'secret.json'), '{}')
  writeFileSync(join(folder, 'renderer-not.js'), '1')
})

const get = (url: string, method = 'GET'): Promise<Response> => servePage(root, { method, url })

describe('the page', () => {
  test('is served with its type and its policy', async () => {
    const response = await get(PAGE_URL)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('<!doctype html>')
    expect(response.headers.get('content-type')).toMatch('text/html')
    expect(response.headers.get('content-security-policy')).toBe(CONTENT_SECURITY_POLICY)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('may run no script but its own files, and embed nothing', () => {
    const directives = CONTENT_SECURITY_POLICY.split('; ')
    expect(directives).toContain("default-src 'none'")
    expect(directives).toContain("script-src 'self'")
    expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|\*|https?:/)
  })

  test('has files with spaces in their names, a query, a fragment', async () => {
    for (const path of ['assets/a%20b.js', 'assets/a%20b.js?v=1', 'index.html#top']) {
      expect((await get(`app://add-cow/${path}`)).status).toBe(200)
    }
  })

  test.each([
    'app://add-cow/',
    'app://add-cow/missing.js',
    'app://add-cow/folder.js',
    'app://add-cow/../secret.json',
    'app://add-cow/..%2fsecret.json',
    'app://add-cow/%2e%2e/secret.json',
    'app://add-cow/assets/%2e%2e%2f%2e%2e%2fsecret.json',
    'app://add-cow/..%5csecret.json',
    'app://add-cow/../renderer-not.js',
    'app://add-cow/..%2frenderer-not.js',
    'app://add-cow/index.html%00.js',
    'app://add-cow/%ff.js',
    'app://add-cow//etc/passwd',
    'app://other/index.html',
    'app://add-cow.example.org/index.html',
    'file:///etc/passwd',
  ])('has nothing at %s', async (url) => {
    expect((await get(url)).status).toBe(404)
  })

  test('has no name with a NUL, which some would cut off there', () => {
    expect(pageFile(root, 'app://add-cow/index.html%00.js')).toBeUndefined()
  })

  test('is only read', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
      expect((await get(PAGE_URL, method)).status).toBe(404)
    }
  })

  test('never comes from outside of its folder, whatever is asked for', () => {
    const piece = fc.constantFrom('.', '/', '\\', '%2e', '%2f', '%5c', '%00', 'a', '.js', '%25')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const file = pageFile(root, `app://add-cow/${pieces.join('')}`)
        if (file !== undefined) expect(file.startsWith(root + sep)).toBe(true)
      }),
    )
  })
})
