import { beforeEach, describe, expect, test, vi } from 'vitest'
import { GIB, MIB } from '../../engine/base/units'
import { useJobs } from '../../renderer/stores/jobs.store'
import { useView } from '../../renderer/stores/view.store'
import { FakeBridge } from '../support/fake-bridge'
import { richJobs, richLibrary } from '../support/fake-library'
import {
  allByRole,
  byRole,
  click,
  isDisabled,
  mountWindow,
  pageText,
  settle,
} from './support/mount-window'

let bridge: FakeBridge

function card(name: string): HTMLElement {
  return byRole('article', name)
}

function button(within: HTMLElement, name: string): HTMLElement {
  const found = [...within.querySelectorAll('button')].find(
    (one) => one.textContent.trim() === name,
  )
  if (found === undefined) throw new Error(`no "${name}" in ${within.textContent}`)
  return found
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] })
  bridge = new FakeBridge({ images: richLibrary(), jobs: richJobs(Date.now()) })
  await mountWindow(bridge)
})

describe('the status bar', () => {
  test('shows the running job from every page, and leads to the jobs', async () => {
    const bar = byRole('contentinfo', 'Status')
    for (const part of ['Flatten dev-desktop-anna.add-cow', 'Copying 42.8%', '212 MiB/s', 'left'])
      expect(bar.textContent).toContain(part)
    expect(bar.textContent).toContain('one waiting')
    await click(button(bar, bar.querySelector('button')?.textContent.trim() ?? ''))
    expect(useView().page).toBe('jobs')
  })
})

describe('the jobs page', () => {
  beforeEach(async () => {
    useView().page = 'jobs'
    await settle()
  })

  test('has what runs, what waits and what ended', () => {
    const headings = [...document.querySelectorAll('h2')].map((one) => one.textContent)
    expect(headings).toEqual(['Running', 'Paused', 'Waiting', 'Ended'])
  })

  test('tells how far a job is, how fast and how long it takes', () => {
    const text = card('Flatten dev-desktop-anna.add-cow').textContent
    for (const part of ['27.4 GiB of 64 GiB', '212 MiB/s', '3 mins left'])
      expect(text).toContain(part)
  })

  test('tells since when nothing moves instead of a time that would be a lie', async () => {
    vi.advanceTimersByTime(21_000)
    await settle()
    const text = card('Flatten dev-desktop-anna.add-cow').textContent
    expect(text).toContain('No progress for 21 sec')
    expect(text).not.toContain('left')

    bridge.moveJob('flattening', {
      progress: { phase: 'copying', current: 28 * GIB, total: 64 * GIB },
      speed: 5 * MIB,
    })
    await settle()
    expect(card('Flatten dev-desktop-anna.add-cow').textContent).toContain('5 MiB/s')
  })

  test('cancels at once, and says what was left behind', async () => {
    const running = card('Flatten dev-desktop-anna.add-cow')
    await click(button(running, 'Cancel'))
    expect(bridge.requestsOf('job.cancel')).toEqual([{ id: 'flattening' }])
    expect(isDisabled(button(running, 'Cancel'))).toBe(true)
    bridge.moveJob('flattening', { status: 'cancelled', endedAt: Date.now() })
    await settle()
    expect(pageText()).toContain('The overlay is whole and usable. Flatten again')
  })

  test('says of a failed job what, why, in what state, and offers to go on', async () => {
    const failed = card('Flatten db-primary.add-cow')
    expect(failed.textContent).toContain('The disk with db-primary.raw has too little room.')
    expect(failed.textContent).toContain('All data is whole.')
    await click(button(failed, 'What went wrong…'))
    const dialog = byRole('dialog', 'db-primary.add-cow could not be flattened')
    expect(dialog.textContent).toContain('/srv/overlays/db-primary.raw')
    await click(button(dialog, 'Close'))
    await click(button(failed, 'Go on…'))
    expect(byRole('dialog', 'Flatten db-primary.add-cow')).toBeTruthy()
  })

  test('says of a check what it found', () => {
    expect(card('Check db-primary.add-cow').textContent).toContain(
      'One corruption was found · One leak was found · One thing to know',
    )
  })

  test('says of an interrupted job that the application ended', () => {
    expect(pageText()).toContain('The application ended meanwhile. Check the image')
  })

  test('takes ended jobs out of the list, one or all', async () => {
    const ended = useJobs().ended.map((job) => job.id)
    await click(button(card('Export web-staging-before-upgrade.add-cow'), ''))
    expect(bridge.requestsOf('job.clear')).toEqual([{ ids: ['exported'] }])
    await click(byRole('button', 'Clear ended jobs'))
    expect(bridge.requestsOf('job.clear').at(-1)).toEqual({
      ids: ended.filter((id) => id !== 'exported'),
    })
    expect(isDisabled(byRole('button', 'Clear ended jobs'))).toBe(true)
    expect(useJobs().jobs.size).toBe(2)
  })

  test('leads to the image', async () => {
    await click(button(card('Check db-primary.add-cow'), 'Show image'))
    expect(useView().page).toBe('images')
    expect(useView().selectedId).toBe('db')
  })
})

describe('notices', () => {
  test('tell how a job ended, with a way to what went wrong', async () => {
    bridge.moveJob('waiting', { status: 'running' })
    bridge.moveJob('waiting', {
      status: 'failed',
      error: { code: 'io/failed', message: 'EIO', details: { path: '/srv/x.raw' } },
    })
    await settle()
    expect(pageText()).toContain('web-staging.add-cow could not be checked')
    await click(byRole('button', 'What went wrong…'))
    expect(byRole('dialog', 'web-staging.add-cow could not be checked')).toBeTruthy()
  })

  test('are not given twice for one end', async () => {
    bridge.moveJob('flattening', { status: 'done' })
    bridge.moveJob('flattening', { status: 'done' })
    await settle()
    expect(document.querySelectorAll('.notice')).toHaveLength(1)
  })
})

test('without jobs the page says what will be there', async () => {
  await mountWindow(new FakeBridge())
  useView().page = 'jobs'
  await settle()
  expect(pageText()).toContain('No jobs yet')
  expect(allByRole('article')).toEqual([])
})
