/**
 * The window in a plain browser, with a fake main process: to look at it, and to take pictures. The
 * address says what is in it: `?scenario=rich&theme=dark&lang=de`.
 */
import type { Settings } from '../../../electron/contract/settings'
import { FakeBridge } from '../fake-bridge'
import { detailsOf } from '../fake-answers'
import { readOnlyLibrary, RICH_QCOW2_INFO, withQcow2 } from '../fake-qcow2'
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
    case 'qcow2':
      return new FakeBridge({ settings, images: readOnlyLibrary() })
    default:
      return new FakeBridge({ settings, images: richLibrary(), jobs: richJobs(Date.now()) })
  }
}

const scenario = chosen('scenario', ['rich', 'empty', 'many', 'one', 'qcow2', 'loading', 'down'])
const bridge = bridgeFor(scenario)
if (scenario === 'qcow2') {
  const details = detailsOf(bridge.images, 'appliance')
  bridge.details.set('appliance', withQcow2(details, RICH_QCOW2_INFO))
}
bridge.details.set('db', {
  lastCheck: { at: NOW, result: badCheck('/srv/overlays/db-primary.add-cow') },
})
if (parameters.get('scenario') === 'loading')
  bridge.answer('app.bootstrap', () => new Promise(() => undefined))

Object.assign(window, { addCow: bridge, fakeBridge: bridge })

await import('../../../renderer/main')
