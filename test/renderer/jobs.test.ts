import { beforeEach, describe, expect, test, vi } from 'vitest'
import { GIB, MIB } from '../../engine/base/units'
import { useJobs } from '../../renderer/stores/jobs.store'
import { useNotices } from '../../renderer/stores/notices.store'
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
    expect(headings).toEqual(['Under way', 'Waiting', 'Ended'])
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

  test('pauses and resumes, and rests without a pace meanwhile', async () => {
    const name = 'Flatten dev-desktop-anna.add-cow'
    const pause = byRole('button', `Pause: ${name}`)
    await click(button(card(name), 'Pause'))
    expect(pause.isConnected).toBe(true)
    expect(bridge.requestsOf('job.pause')).toEqual([{ id: 'flattening' }])
    expect(card(name).textContent).toContain('Paused 42.8%')
    expect(card(name).textContent).toContain('27.4 GiB of 64 GiB')
    expect(card(name).textContent).not.toContain('MiB/s')
    vi.advanceTimersByTime(60_000)
    await settle()
    expect(card(name).textContent).not.toContain('No progress')
    await click(button(card(name), 'Resume'))
    expect(bridge.requestsOf('job.resume')).toEqual([{ id: 'flattening' }])
    expect(card(name).textContent).toContain('Copying 42.8%')
  })

  test('tells what became of the file that was to go to the trash', async () => {
    const name = 'Flatten debian-12-server.add-cow'
    expect(card(name).textContent).toContain('debian-12-server.add-cow is in the trash.')
    const path = '/srv/overlays/debian-12-server.add-cow'
    const error = { code: 'io/failed', message: 'no trash', details: { path } } as const
    expect(card(name).textContent).not.toContain('The overlay still works')
    bridge.moveJob('trashed', { trashed: { path, error } })
    await settle()
    expect(card(name).textContent).toContain('is where it was. Nothing is lost.')
    await click(button(card(name), 'What went wrong…'))
    expect(byRole('dialog', 'The file could not be moved to the trash')).toBeTruthy()
  })

  test('shows so many ended jobs, and more on request', async () => {
    const past = bridge.jobs.get('exported')
    for (let n = 0; past !== undefined && n < 70; n += 1)
      bridge.emit('job.changed', { ...past, id: `old ${n}`, createdAt: past.createdAt - n })
    await settle()
    const shown = allByRole('article').length
    await click(byRole('button', /^Show \d+ more/))
    expect(allByRole('article').length).toBeGreaterThan(shown)
    expect(allByRole('button', /^Show \d+ more/)).toEqual([])
  })

  test('cancels at once, and says what was left behind', async () => {
    const running = card('Flatten dev-desktop-anna.add-cow')
    await click(button(running, 'Cancel'))
    expect(bridge.requestsOf('job.cancel')).toEqual([{ id: 'flattening' }])
    expect(isDisabled(button(running, 'Cancel'))).toBe(true)
    bridge.moveJob('flattening', { status: 'cancelled', endedAt: Date.now() })
    await settle()
    expect(pageText()).toContain('The overlay is whole and usable. What was copied stays copied.')
  })

  test('says of a failed job what, why, in what state, and offers to go on', async () => {
    const failed = card('Flatten db-primary.add-cow')
    expect(failed.textContent).toContain('The disk with db-primary.raw has too little room.')
    expect(failed.textContent).toContain('All data is whole.')
    await click(button(failed, 'What went wrong…'))
    const dialog = byRole('dialog', 'db-primary.add-cow could not be flattened')
    expect(dialog.textContent).toContain('/srv/overlays/db-primary.raw')
    await click(button(dialog, 'Close'))
    await click(button(failed, 'Go on'))
    expect(bridge.requestsOf('job.goOn')).toEqual([{ id: 'failed' }])
    expect(allByRole('dialog')).toEqual([])
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
    expect(useJobs().ended).toEqual([])
    expect(
      useJobs()
        .historyOf('db')
        .map((job) => job.id),
    ).toEqual(['failed', 'checked'])
  })

  test('leads to the image', async () => {
    await click(button(card('Check db-primary.add-cow'), 'Show image'))
    expect(useView().page).toBe('images')
    expect(useView().selectedId).toBe('db')
  })
})

describe('notices', () => {
  test('tell once what became of a file that was to go to the trash', async () => {
    const trashed = { path: '/srv/overlays/web-staging-before-upgrade.add-cow' }
    bridge.moveJob('cancelled', { status: 'done', trashed })
    bridge.moveJob('cancelled', { imageId: 'debian' })
    await settle()
    const told = [...document.querySelectorAll('.notice')].map((one) => one.textContent)
    expect(told.filter((one) => one.includes('is in the trash.'))).toHaveLength(1)
  })

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

  test('about one thing take the place of each other', () => {
    const notices = useNotices()
    notices.add({ tone: 'info', about: 'a', text: 'begun' })
    notices.add({ tone: 'ok', text: 'something else' })
    notices.add({ tone: 'ok', about: 'a', text: 'done' })
    expect(notices.notices.map(({ text }) => text)).toEqual(['something else', 'done'])
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
