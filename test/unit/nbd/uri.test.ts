import { describe, expect, test } from 'vitest'
import { isEngineError } from '../../../engine/base/errors'
import { resolveName } from '../../../engine/format/file-names'
import { isNbdUri, parseNbdUri } from '../../../engine/nbd/uri'
import { expectError } from '../../support/expect-error'

const folder = '/vm/overlays'

describe('what a URI leads to', () => {
  test.each([
    ['nbd://example.com/disk', { host: 'example.com', port: 10809 }, 'disk'],
    ['nbd://example.com', { host: 'example.com', port: 10809 }, ''],
    ['nbd://example.com/', { host: 'example.com', port: 10809 }, ''],
    ['nbd://example.com//disk', { host: 'example.com', port: 10809 }, '/disk'],
    ['nbd://example.com/hello%20world', { host: 'example.com', port: 10809 }, 'hello world'],
    ['nbd://example.com:1/a/../b', { host: 'example.com', port: 1 }, 'a/../b'],
    ['NBD://EXAMPLE.com:/D', { host: 'example.com', port: 10809 }, 'D'],
    ['nbd://[::1]:99/x', { host: '::1', port: 99 }, 'x'],
    ['nbd+unix:///disk?socket=/run/n.sock', { path: '/run/n.sock' }, 'disk'],
    ['nbd+unix:///?socket=n.sock', { path: '/vm/overlays/n.sock' }, ''],
    ['nbd+unix://?socket=%2Frun%2Fa%26b', { path: '/run/a&b' }, ''],
  ])('%s', (uri, place, exportName) => {
    expect(isNbdUri(uri)).toBe(true)
    const address = parseNbdUri(uri, folder)
    expect(address).toMatchObject({ place, exportName })
    // the normal form means the same, and is its own normal form
    expect(parseNbdUri(address.uri, '/')).toEqual(address)
  })

  test('two ways to write the same export have one name', () => {
    const names = ['nbd://H/x', 'nbd://h:10809/x', 'nbd://h/%78'].map((uri) =>
      resolveName(uri, '/a/b'),
    )
    expect(new Set(names)).toEqual(new Set(['nbd://h/x']))
  })
})

describe('what is refused', () => {
  test.each([
    ['nbds://example.com/x', 'not-supported', /NBD over TLS/],
    ['nbds+unix:///x?socket=/s', 'not-supported', /NBD over TLS/],
    ['nbd+vsock://2/x', 'not-supported', /scheme nbd\+vsock/],
    ['nbd:///x', 'invalid-argument', /no host/],
    ['nbd://h:0/x', 'invalid-argument', /port/],
    ['nbd://h:65536/x', 'invalid-argument', /port/],
    ['nbd://h:port/x', 'invalid-argument', /no host/],
    ['nbd://me:secret@h/x', 'invalid-argument', /user name/],
    ['nbd://h/x#y', 'invalid-argument', /fragment/],
    ['nbd://h/x?tls-type=psk', 'invalid-argument', /tls-type is not known/],
    ['nbd://h/%ff', 'invalid-argument', /no UTF-8/],
    ['nbd://h/a%00b', 'invalid-argument', /NUL/],
    ['nbd+unix:///x', 'invalid-argument', /socket=PATH/],
    ['nbd+unix:///x?socket=', 'invalid-argument', /socket=PATH/],
    ['nbd+unix:///x?socket=/a&socket=/b', 'invalid-argument', /twice/],
    ['nbd+unix://h/x?socket=/a', 'invalid-argument', /no host/],
    [`nbd://h/${'x'.repeat(4097)}`, 'invalid-argument', /export name is long/],
  ] as const)('%s', (uri, code, message) => {
    const error = caught(() => parseNbdUri(uri, folder))
    expectError(error, code, message)
  })

  test.each(['nbd:unix:/s:exportname=x', 'nbd:h:1', 'file:x', 'C:\\nbd', '/nbd://h'])(
    '%s is no such URI',
    (name) => {
      expect(isNbdUri(name)).toBe(false)
    },
  )
})

test('in an image that lies on an export, a relative name leads nowhere', () => {
  expect(resolveName('/base.raw', 'nbd://h/x')).toBe('/base.raw')
  expect(resolveName('nbd://h/y', 'nbd://h/x')).toBe('nbd://h/y')
  const error = caught(() => resolveName('base.raw', 'nbd://h/x'))
  expect(isEngineError(error, 'not-supported')).toBe(true)
})

function caught(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
