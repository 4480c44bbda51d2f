import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { CheckResult } from '../../engine/model/image'
import { useDialogs } from '../../renderer/stores/dialogs.store'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { badCheck, overlay, rawImage } from '../support/fake-library'
import {
  allByRole,
  byRole,
  click,
  isDisabled,
  mountWindow,
  PLAN_PAUSE,
  pageText,
  settle,
} from './support/mount-window'

const base = rawImage('base', 'base.raw', { usedBy: 1 })
const image = overlay('vm', 'vm.add-cow', base)
let bridge: FakeBridge

beforeEach(async () => {
  bridge = new FakeBridge({ images: [base, image] })
  await mountWindow(bridge)
  useView().select('vm')
  await settle()
})

/** Waits for words that come a moment later. */
async function told(words: string): Promise<void> {
  await vi.waitFor(() => expect(pageText()).toContain(words), 5000)
}

async function endCheck(id: string, check: CheckResult): Promise<void> {
  bridge.moveJob(id, { status: 'done', result: { kind: 'check', path: check.path, check } })
  await settle()
}

describe('a check', () => {
  beforeEach(async () => {
    await click(byRole('button', 'Check'))
    await settle(PLAN_PAUSE)
  })

  function start(): Promise<void> {
    return click(allByRole('button', 'Check').at(-1) ?? document.body)
  }

  test('changes nothing at first', async () => {
    expect(pageText()).toContain('Changes nothing.')
    await start()
    expect(bridge.requestsOf('job.start')).toEqual([
      { kind: 'check', imageId: 'vm', repair: 'none' },
    ])
    expect(byRole('progressbar', 'Check vm.add-cow')).toBeTruthy()
  })

  test('that finds nothing offers no repair', async () => {
    await start()
    await endCheck('job-1', { ...badCheck('/vm'), findings: [] })
    expect(pageText()).toContain('No problems')
    expect(allByRole('button', /^Repair/)).toEqual([])
    expect(document.activeElement).toBe(allByRole('button', 'Close').at(-1))
  })

  test('lists what it found and what a repair would do, with the focus on Cancel', async () => {
    await start()
    await endCheck('job-1', badCheck('/vm'))
    const dialog = byRole('dialog')
    expect(dialog.textContent).toContain('The bitmap is shorter than the disk needs')
    expect(dialog.textContent).toContain('Repair: Extend the overlay file with zeros')
    expect(dialog.textContent).toContain('Repair: Give the space back')
    expect(document.activeElement).toBe(byRole('button', 'Cancel'))
  })

  test.each([
    ['Repair leaks (1)', 'leaks'],
    ['Repair all (2)', 'all'],
  ])('does with "%s" just that', async (name, repair) => {
    await start()
    await endCheck('job-1', badCheck('/vm'))
    await click(byRole('button', name))
    expect(bridge.requestsOf('job.start').at(-1)).toMatchObject({ kind: 'check', repair })
    const { findings, ...rest } = badCheck('/vm')
    await endCheck('job-2', {
      ...rest,
      findings: findings.map((finding) => ({
        ...finding,
        repaired: finding.code !== 'allocated-hole',
      })),
    })
    expect(pageText()).toContain('Was repaired.')
    expect(allByRole('button', /^Repair/)).toEqual([])
  })

  test('can be cancelled, and says what state things are in', async () => {
    await start()
    await click(byRole('button', 'Cancel'))
    expect(bridge.requestsOf('job.cancel')).toEqual([{ id: 'job-1' }])
    bridge.moveJob('job-1', { status: 'cancelled' })
    await settle()
    expect(pageText()).toContain('The check was cancelled. Nothing was changed.')
  })

  test('that fails says why, and can be tried again', async () => {
    await start()
    bridge.moveJob('job-1', {
      status: 'failed',
      error: { code: 'io/failed', message: 'EIO', details: { path: '/srv/overlays/vm.raw' } },
    })
    await settle()
    expect(byRole('dialog').textContent).toContain('The system reported a failure for vm.raw.')
    expect(isDisabled(allByRole('button', 'Check').at(-1) ?? document.body)).toBe(false)
  })
})

describe('flattening', () => {
  test('says what happens, verifies by default, and leaves the job to the jobs page', async () => {
    useDialogs().show({ kind: 'flatten', imageId: 'vm' })
    await settle(PLAN_PAUSE)
    const dialog = byRole('dialog', 'Flatten vm.add-cow')
    expect(dialog.textContent).toContain('Can be cancelled at any point')
    expect(dialog.textContent).toContain('add-cow-img flatten --verify /srv/overlays/vm.add-cow')
    expect(document.activeElement?.textContent).toContain('Flatten')

    await click(byRole('button', 'Flatten'))
    await settle()
    expect(allByRole('dialog')).toHaveLength(1)
    await click(allByRole('button', 'Flatten').at(-1) ?? document.body)
    expect(bridge.requestsOf('job.start')).toEqual([
      { kind: 'flatten', imageId: 'vm', verify: true },
    ])
    expect(allByRole('dialog')).toEqual([])
    await told('Flatten vm.add-cow started')
  })

  test('does not verify where the settings say so, and follows the tick', async () => {
    bridge.emit('settings.changed', { ...bridge.settings, verifyByDefault: false })
    useDialogs().show({ kind: 'flatten', imageId: 'vm' })
    await settle(PLAN_PAUSE)
    expect(bridge.requestsOf('job.plan').at(-1)).toMatchObject({ verify: false })
    await click(byRole('checkbox', 'Verify afterwards'))
    await settle(PLAN_PAUSE)
    expect(bridge.requestsOf('job.plan').at(-1)).toMatchObject({ verify: true })
  })

  test('cannot be started where the plan has a problem, and says which', async () => {
    bridge.answer('job.plan', () => ({
      kind: 'flatten',
      problems: [
        {
          code: 'io/no-space',
          message: 'no space',
          details: { path: '/srv/overlays', needed: 2048, free: 1024 },
        },
      ],
      warnings: [],
      files: [],
      bytesToCopy: 2048,
      spaceNeeded: 2048,
      commandLine: '',
    }))
    useDialogs().show({ kind: 'flatten', imageId: 'vm' })
    await settle(PLAN_PAUSE)
    expect(byRole('dialog').textContent).toContain('2 KiB needed, 1 KiB free.')
    expect(isDisabled(allByRole('button', 'Flatten').at(-1) ?? document.body)).toBe(true)
  })
})

describe('exporting', () => {
  test('wants a new file chosen, then writes to that and no other', async () => {
    useDialogs().show({ kind: 'export', imageId: 'vm' })
    await settle(PLAN_PAUSE)
    const start = byRole('button', 'Export')
    expect(isDisabled(start)).toBe(true)
    expect(bridge.requestsOf('job.plan')).toEqual([])

    await click(byRole('button', 'Choose…'))
    await settle(PLAN_PAUSE)
    expect(pageText()).toContain('/srv/export/disk.raw')
    expect(isDisabled(start)).toBe(false)
    await click(start)
    expect(bridge.requestsOf('job.start')).toEqual([
      { kind: 'export', imageId: 'vm', targetGrant: 'grant-2', verify: true },
    ])
    await told('Export vm.add-cow started')
  })

  test('stays as it was where the choice is cancelled', async () => {
    bridge.answer('dialog.pickExportTarget', () => undefined)
    useDialogs().show({ kind: 'export', imageId: 'vm' })
    await settle(PLAN_PAUSE)
    await click(byRole('button', 'Choose…'))
    expect(pageText()).toContain('Not chosen yet')
  })
})
