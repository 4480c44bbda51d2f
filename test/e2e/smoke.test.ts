import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningApp, launchApp } from '../support/electron-app'
import { describeNeeding, electron } from '../support/requires'

describeNeeding(electron, 'the application', () => {
  let app: RunningApp

  beforeAll(async () => {
    app = await launchApp()
  })

  afterAll(async () => {
    await app.close()
  })

  test('shows its window with its name and no error', async () => {
    await app.window.waitForLoadState('load')
    await app.window.getByRole('main').waitFor()
    await app.screenshot('smoke')

    expect(await app.window.title()).toBe('add-cow Manager')
    expect(app.problems).toEqual([])
  })

  test('keeps the page away from Node and from Electron', async () => {
    const reachable = await app.window.evaluate(() =>
      ['require', 'process', 'module', 'Buffer', 'ipcRenderer'].filter(
        (name) => name in globalThis,
      ),
    )
    expect(reachable).toEqual([])
  })
})
