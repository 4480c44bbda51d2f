import { enableAutoUnmount, flushPromises, mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, vi } from 'vitest'
import { nextTick } from 'vue'
import App from '../../../renderer/app.vue'
import { i18n } from '../../../renderer/locales'
import type { FakeBridge } from '../../support/fake-bridge'

enableAutoUnmount(afterEach)

/** happy-dom lays nothing out: every element is as large as the window would be. */
export const WIDTH = 1600
export const HEIGHT = 800

function pretendLayout(): void {
  for (const name of ['offsetWidth', 'clientWidth'] as const)
    vi.spyOn(HTMLElement.prototype, name, 'get').mockReturnValue(WIDTH)
  for (const name of ['offsetHeight', 'clientHeight'] as const)
    vi.spyOn(HTMLElement.prototype, name, 'get').mockReturnValue(HEIGHT)
}

/** The whole window on a fake main process, as it is when it has been filled. */
export async function mountWindow(bridge: FakeBridge): Promise<VueWrapper> {
  pretendLayout()
  vi.stubGlobal('addCow', bridge)
  document.body.innerHTML = ''
  localStorage.clear()
  const pinia = createPinia()
  setActivePinia(pinia)
  const wrapper = mount(App, { attachTo: document.body, global: { plugins: [pinia, i18n] } })
  await settle()
  // Meanwhile a late answer may have called an action of the window before, which made its stores
  // those that are found.
  setActivePinia(pinia)
  return wrapper
}

/** Lets promises, renders and the short pauses of the window (debounces) pass. */
export async function settle(milliseconds = 0): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    await flushPromises()
    await nextTick()
  }
  if (milliseconds > 0) {
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    await flushPromises()
  }
}

/** Longer than the pause after which a plan is asked for. */
export const PLAN_PAUSE = 220

function accessibleName(element: Element): string {
  const label = element.getAttribute('aria-label')
  if (label !== null) return label
  const by = element.getAttribute('aria-labelledby')
  const text = by === null ? element.textContent : document.getElementById(by)?.textContent
  return (text ?? '').replace(/\s+/g, ' ').trim()
}

const ROLES: Readonly<Record<string, string>> = {
  button: 'button, [role="button"]',
  dialog: '[role="dialog"], [role="alertdialog"]',
  region: 'section[aria-label], [role="region"]',
  list: 'ul[aria-label], ol[aria-label]',
  article: 'article',
  contentinfo: 'footer',
}

/** All elements of a role whose accessible name is, or matches, the name. */
export function allByRole(role: string, name?: string | RegExp): HTMLElement[] {
  const found = document.querySelectorAll<HTMLElement>(ROLES[role] ?? `[role="${role}"]`)
  return [...found].filter((element) => {
    if (name === undefined) return true
    const own = accessibleName(element)
    return typeof name === 'string' ? own === name : name.test(own)
  })
}

/** The element of a role and name; fails where there is none, and says what there is. */
export function byRole(role: string, name?: string | RegExp): HTMLElement {
  const [found] = allByRole(role, name)
  if (found !== undefined) return found
  const names = allByRole(role).map(accessibleName)
  throw new Error(`no ${role} "${String(name)}" among: ${names.join(' | ')}`)
}

/** The control of a label. */
export function byLabel(label: string): HTMLInputElement {
  const found = [...document.querySelectorAll('label')].find((one) => one.textContent === label)
  const control = document.getElementById(found?.htmlFor ?? '')
  if (!(control instanceof HTMLInputElement)) throw new Error(`no field with the label "${label}"`)
  return control
}

/** Types into a control, and waits until what follows from it is shown. */
export async function type(control: HTMLInputElement, text: string): Promise<void> {
  control.value = text
  control.dispatchEvent(new Event('input', { bubbles: true }))
  await settle(PLAN_PAUSE)
}

export async function click(element: HTMLElement): Promise<void> {
  element.click()
  await settle()
}

/** Presses a key where the focus is. */
export async function press(key: string, options: KeyboardEventInit = {}): Promise<void> {
  const target = document.activeElement ?? document.body
  target.dispatchEvent(
    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...options }),
  )
  await settle()
}

/** Why a disabled button does nothing; undefined where it is not disabled. */
export function isDisabled(button: HTMLElement): boolean {
  return button.getAttribute('aria-disabled') === 'true'
}

/** The text of the page, spaces made one. */
export function pageText(): string {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const texts: string[] = []
  while (walker.nextNode() !== null) texts.push(walker.currentNode.textContent ?? '')
  return texts.join(' ').replace(/\s+/g, ' ')
}
