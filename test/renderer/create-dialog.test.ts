import { beforeEach, describe, expect, test } from 'vitest'
import type { ErrorData } from '../../engine/base/errors'
import type { JobPlan } from '../../engine/model/job'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { overlay, rawImage } from '../support/fake-library'
import {
  allByRole,
  byLabel,
  byRole,
  click,
  isDisabled,
  mountWindow,
  PLAN_PAUSE,
  pageText,
  settle,
  type,
} from './support/mount-window'

const base = rawImage('base', 'debian.raw')
const taken = overlay('taken', 'debian-overlay.add-cow', base)

const REFUSED: JobPlan = {
  kind: 'create',
  problems: [],
  warnings: [],
  files: [],
  bytesToCopy: 0,
  spaceNeeded: 0,
  commandLine: '',
}

const EXISTS: ErrorData = {
  code: 'file/exists',
  message: 'its image file exists already',
  details: { path: '/srv/images/debian-overlay-2.raw', field: 'image file name' },
}

let bridge: FakeBridge

function submit(): HTMLElement {
  return byRole('button', /^Create|^Creating/)
}

function lastPlan(): unknown {
  return bridge.requestsOf('job.plan').at(-1)
}

/** The words below a field. */
function below(label: string): string | undefined {
  const hint = byLabel(label).getAttribute('aria-describedby')
  return document.getElementById(hint ?? '')?.textContent.trim()
}

beforeEach(async () => {
  bridge = new FakeBridge({ images: [base, taken] })
  await mountWindow(bridge)
  useView().select('base')
  await settle()
  await click(byRole('button', 'New overlay'))
  await settle(PLAN_PAUSE)
})

describe('a new overlay', () => {
  test('is proposed beside its base, with names that are free, ready to be typed over', () => {
    expect(byLabel('Name').value).toBe('debian-overlay-2.add-cow')
    expect(byLabel('Image file').value).toBe('debian-overlay-2.raw')
    expect(document.activeElement).toBe(byLabel('Name'))
    expect(pageText()).toContain('Beside the base')
  })

  test('shows the files, the space and the command while one types', async () => {
    await type(byLabel('Name'), 'work.add-cow')
    expect(lastPlan()).toEqual({
      kind: 'create',
      baseId: 'base',
      name: 'work.add-cow',
      imageFileName: 'work.raw',
    })
    const plan = byRole('region', 'What will happen').textContent
    expect(plan).toContain('/srv/images/work.add-cow')
    expect(plan).toContain('/srv/images/work.raw')
    expect(plan).toContain('182 GiB free')
    expect(plan).toContain('add-cow-img create -f add-cow -o backing_file=debian.raw')
  })

  test("has the image file's name follow the name until it is one's own", async () => {
    await type(byLabel('Name'), 'a.add-cow')
    expect(byLabel('Image file').value).toBe('a.raw')
    await type(byLabel('Image file'), 'data.img')
    await type(byLabel('Name'), 'b.add-cow')
    expect(byLabel('Image file').value).toBe('data.img')
  })

  test.each([
    ['', 'A name is needed.'],
    ['a/b', 'A name only, without a folder.'],
    ['..', 'This name is not possible.'],
    ['ä'.repeat(130), 'Too long: 260 bytes, at most 255 are possible.'],
  ])('refuses the name "%s" in words at its field', async (name, words) => {
    const before = bridge.requestsOf('job.plan').length
    await type(byLabel('Name'), name)
    expect(below('Name')).toBe(words)
    expect(byLabel('Name').getAttribute('aria-invalid')).toBe('true')
    expect(isDisabled(submit())).toBe(true)
    expect(bridge.requestsOf('job.plan')).toHaveLength(before)
  })

  test('refuses a size that is none, and takes one that is', async () => {
    await type(byLabel('Virtual size'), 'much')
    expect(below('Virtual size')).toContain('Not a size.')
    expect(isDisabled(submit())).toBe(true)
    await type(byLabel('Virtual size'), '32 GiB')
    expect(lastPlan()).toMatchObject({ size: 32 * 1024 ** 3 })
    expect(isDisabled(submit())).toBe(false)
  })

  test('cannot be made before its plan is known', async () => {
    bridge.answer('job.plan', () => new Promise<never>(() => undefined))
    await type(byLabel('Name'), 'other.add-cow')
    expect(isDisabled(submit())).toBe(true)
    await click(submit())
    expect(bridge.requestsOf('job.start')).toEqual([])
  })

  test('drops the answer to a question that is no longer asked', async () => {
    let answerFirst: (plan: JobPlan) => void = () => undefined
    bridge.answer('job.plan', () => new Promise((resolve) => (answerFirst = resolve)))
    await type(byLabel('Name'), 'first.add-cow')
    bridge.answer('job.plan', () => ({ ...REFUSED, commandLine: 'second' }))
    await type(byLabel('Name'), 'second.add-cow')
    answerFirst({ ...REFUSED, commandLine: 'first' })
    await settle()
    expect(byRole('region', 'What will happen').textContent).toContain('second')
  })

  test('tells a problem of the plan at the field it belongs to', async () => {
    const problem: ErrorData = {
      code: 'file/exists',
      message: 'it exists already',
      details: { path: '/srv/images/there.add-cow' },
    }
    bridge.answer('job.plan', () => ({ ...REFUSED, problems: [problem] }))
    await type(byLabel('Name'), 'there.add-cow')
    expect(below('Name')).toContain('there.add-cow exists already and is not overwritten.')
    expect(isDisabled(submit())).toBe(true)
  })

  test('never takes an existing image file but by a tick of its own', async () => {
    bridge.answer('job.plan', (request) =>
      request.kind === 'create' && request.reuseImageFile === true
        ? { ...REFUSED, warnings: [{ code: 'image-file-reused', details: {} }] }
        : { ...REFUSED, problems: [EXISTS] },
    )
    await type(byLabel('Name'), 'debian-overlay-2.add-cow ')
    expect(below('Image file')).toContain('exists already')
    await click(byRole('checkbox'))
    await settle(PLAN_PAUSE)
    expect(lastPlan()).toMatchObject({ reuseImageFile: true })
    expect(pageText()).toContain('What is in it now cannot be had back.')
    const take = byRole('button', 'Create and take over the file')
    expect(isDisabled(take)).toBe(false)

    document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }))
    await settle()
    expect(bridge.requestsOf('job.start')).toEqual([])

    await type(byLabel('Image file'), 'else.raw')
    expect(lastPlan()).not.toHaveProperty('reuseImageFile')
  })

  test('uses the folder that was picked', async () => {
    await click(byRole('button', 'Change…'))
    await settle(PLAN_PAUSE)
    expect(pageText()).toContain('/srv/overlays')
    expect(lastPlan()).toMatchObject({ folderGrant: 'grant-1' })
  })

  test('is made, shown in the list and selected', async () => {
    await type(byLabel('Name'), 'work.add-cow')
    await click(submit())
    expect(bridge.requestsOf('job.start')).toEqual([lastPlan()])
    expect(submit().textContent).toContain('Creating…')

    const path = '/srv/images/work.add-cow'
    bridge.moveJob('job-1', { status: 'done', result: { kind: 'create', path } })
    await settle()
    expect(allByRole('dialog')).toEqual([])
    bridge.change(overlay('work', 'work.add-cow', base, { directory: '/srv/images' }))
    await settle()
    expect(useView().selectedId).toBe('work')
  })

  test('that fails keeps the dialog, and says why', async () => {
    await click(submit())
    bridge.moveJob('job-1', {
      status: 'failed',
      error: {
        code: 'io/denied',
        message: 'Cannot make it',
        details: { path: '/srv/images' },
        state: 'unchanged',
      },
    })
    await settle()
    expect(byRole('dialog', 'New overlay').textContent).toContain('No permission')
    expect(byRole('dialog', 'New overlay').textContent).toContain('Nothing was changed.')
    expect(isDisabled(submit())).toBe(false)
  })

  test('that cannot be started says so in a dialog of its own', async () => {
    bridge.answer('job.start', () => {
      throw new Error('no worker')
    })
    await click(submit())
    expect(byRole('dialog', 'The job could not be started').textContent).toContain('no worker')
  })
})
