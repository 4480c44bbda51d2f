import { describe, expect, test } from 'vitest'
import { ERROR_CODES, type ErrorData } from '../../engine/base/errors'
import { HELP_ELSEWHERE } from '../../renderer/modules/error/error-help'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, rawImage } from '../support/fake-library'
import { allByRole, byRole, click, mountWindow, settle } from './support/mount-window'

const base = rawImage('base', 'base.raw')
/** An image as it is when errors of a kind come up: one of them has a use for the help. */
const IMAGES = [
  overlay('ok', 'ok.add-cow', base),
  overlay('lost', 'lost.add-cow', '/gone/base.raw', { state: 'base-missing' }),
  overlay('changed', 'changed.add-cow', base, { state: 'base-changed' }),
]

/** The buttons of the failure that are neither its own nor that of its details. */
function helpingButtons(): string[] {
  const dialog = byRole('alertdialog')
  const own = new Set(['Close', 'Details', 'Try again', 'Copy details'])
  return [...dialog.querySelectorAll('button')]
    .map((button) => button.getAttribute('aria-label') ?? button.textContent.trim())
    .filter((name) => !own.has(name))
}

async function showFailure(error: ErrorData, imageId: string): Promise<void> {
  useDialogs().fail({ error, title: 'It failed', imageId })
  await settle()
}

describe('a failure', () => {
  test.each(ERROR_CODES.filter((code) => HELP_ELSEWHERE[code] === undefined))(
    'of %s has a button that helps',
    async (code) => {
      await mountWindow(new FakeBridge({ images: [base, ...IMAGES] }))
      const found: string[] = []
      for (const { id } of IMAGES) {
        const details = { path: '/srv/vm.add-cow', backing: '/srv/base.raw' }
        await showFailure({ code, message: 'It failed', details }, id)
        found.push(...helpingButtons())
        useDialogs().closeFailure()
        await settle()
      }
      expect(found).not.toEqual([])
    },
  )

  test('of the program itself leads to its log, also where it is about no image', async () => {
    const bridge = new FakeBridge({ images: IMAGES })
    await mountWindow(bridge)
    useDialogs().fail({
      error: { code: 'internal', message: 'unforeseen', details: {} },
      title: 'It failed',
    })
    await settle()
    await click(byRole('button', 'Show the log file'))
    expect(bridge.requestsOf('app.showLog')).toHaveLength(1)
    expect(allByRole('alertdialog')).toHaveLength(1)
  })

  test('that an action on the image helps with does it, and gives way', async () => {
    const bridge = new FakeBridge({ images: IMAGES })
    await mountWindow(bridge)
    await showFailure({ code: 'io/failed', message: 'bad block', details: {} }, 'ok')
    await click(byRole('button', 'Look again'))
    expect(bridge.requestsOf('library.rescan')).toEqual([{ ids: ['ok'] }])
    expect(allByRole('alertdialog')).toEqual([])
  })
})
