import type { Page } from 'playwright-core'

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

/** What Chromium gives to screen readers, as a list from top to bottom. */
export async function accessibilityTree(page: Page): Promise<readonly AccessibleNode[]> {
  const session = await page.context().newCDPSession(page)
  try {
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
  } finally {
    await session.detach()
  }
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
