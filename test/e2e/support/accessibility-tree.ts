import type { CDPSession, Page } from 'playwright-core'

/** One thing that a screen reader is told of. */
export interface AccessibleNode {
  readonly role: string
  readonly name: string
  readonly description: string
  /** Of a row in a tree, from 1. */
  readonly level: number | undefined
  /** Of what has one, in words. */
  readonly value: string
}

/** One a page, like a screen reader that stays: letting go of the tree can make Chromium crash. */
const sessions = new WeakMap<Page, CDPSession>()

async function sessionOf(page: Page): Promise<CDPSession> {
  const known = sessions.get(page)
  if (known !== undefined) return known
  const session = await page.context().newCDPSession(page)
  await session.send('Accessibility.enable')
  sessions.set(page, session)
  return session
}

/** What Chromium gives to screen readers, as a list from top to bottom. */
export async function accessibilityTree(page: Page): Promise<readonly AccessibleNode[]> {
  const session = await sessionOf(page)
  const { nodes } = await session.send('Accessibility.getFullAXTree')
  return nodes
    .filter(({ ignored }) => !ignored)
    .map((node) => {
      const property = (wanted: string): unknown =>
        node.properties?.find(({ name }) => name === wanted)?.value.value
      const level = property('level')
      return {
        role: text(node.role?.value),
        name: text(node.name?.value),
        description: text(node.description?.value),
        level: typeof level === 'number' ? level : undefined,
        value: text(property('valuetext')) || text(node.value?.value),
      }
    })
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
