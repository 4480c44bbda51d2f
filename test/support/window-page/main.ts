/**
 * The window in a plain browser, with a fake main process: to look at it, and to take pictures. The
 * address says what is in it: `?scenario=rich&theme=dark&lang=de`.
 */
import type { Settings } from '../../../electron/contract/settings'
import { FakeBridge } from '../fake-bridge'
import { badCheck, manyImages, NOW, rawImage, richJobs, richLibrary } from '../fake-library'

const parameters = new URLSearchParams(location.search)

function chosen<Value extends string>(name: string, values: readonly Value[]): Value {
  const asked = parameters.get(name)
  return values.find((value) => value === asked) ?? values[0] ?? fail(name)
}

function fail(name: string): never {
  throw new Error(`no values for ${name}`)
}

const settings: Partial<Settings> = {
  theme: chosen('theme', ['system', 'light', 'dark', 'contrast']),
  language: chosen('lang', ['en', 'de', 'system']),
}

function bridgeFor(scenario: string): FakeBridge {
  switch (scenario) {
    case 'empty':
      return new FakeBridge({ settings })
    case 'many':
      return new FakeBridge({ settings, images: manyImages(10_000) })
    case 'one':
      return new FakeBridge({ settings, images: [rawImage('one', 'disk.raw')] })
    default:
      return new FakeBridge({ settings, images: richLibrary(), jobs: richJobs(Date.now()) })
  }
}

const bridge = bridgeFor(chosen('scenario', ['rich', 'empty', 'many', 'one', 'loading', 'down']))
bridge.details.set('db', {
  lastCheck: { at: NOW, result: badCheck('/srv/overlays/db-primary.add-cow') },
})
if (parameters.get('scenario') === 'loading')
  bridge.answer('app.bootstrap', () => new Promise(() => undefined))

Object.assign(window, { addCow: bridge, fakeBridge: bridge })

await import('../../../renderer/main')
