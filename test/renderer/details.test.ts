import { describe, expect, test } from 'vitest'
import { GIB } from '../../engine/base/units'
import { drawChain, LAYER_LOOKS } from '../../renderer/modules/chain/chain-model'
import { useView } from '../../renderer/stores/view.store'
import { detailsOf } from '../support/fake-answers'
import { FakeBridge } from '../support/fake-bridge'
import { badCheck, NOW, overlay, rawImage, richLibrary } from '../support/fake-library'
import { byRole, click, mountWindow, pageText, press, settle } from './support/mount-window'

const READ = 120

async function open(id: string, tab?: string): Promise<FakeBridge> {
  const bridge = new FakeBridge({ images: richLibrary() })
  bridge.details.set('db', { lastCheck: { at: NOW, result: badCheck('/srv/db.add-cow') } })
  await mountWindow(bridge)
  useView().select(id)
  await settle(READ)
  if (tab !== undefined) {
    byRole('tab', tab).dispatchEvent(new MouseEvent('mousedown', { bubbles: true }))
    await settle(READ)
  }
  return bridge
}

describe('the overview', () => {
  test('names each size so that it cannot be taken for another', async () => {
    await open('web')
    const text = pageText()
    expect(text).toContain('Virtual size 20 GiB What the guest sees.')
    expect(text).toContain('Size on disk 8.5 GiB What the files of this layer take here')
    expect(text).toContain('Allocated 8.6 GiB · 43%')
  })

  test('has names as stored and as resolved', async () => {
    await open('web')
    expect(pageText()).toContain('/srv/overlays/web-staging.raw')
    expect(pageText()).toContain('Stored as web-staging.raw')
  })

  test('shows partitions and file systems, and what is wrong with the table', async () => {
    await open('web')
    const text = pageText()
    expect(text).toContain('The GPT at the start is damaged; its copy at the end was read.')
    expect(text).toContain('GPT, 4 partitions')
    expect(text).toContain('ext4 root of a machine with a rather long label 12 GiB')
    expect(text).toContain('Partition 2 9.4 GiB of 12 GiB used')
  })

  test('says what is wrong, what helps, and which file', async () => {
    const bridge = await open('orphan')
    expect(pageText()).toContain('The base is missing')
    expect(pageText()).toContain(
      'windows-2022-base.raw is not there, and the overlay stands on it.',
    )
    await click(byRole('button', 'Look again'))
    expect(bridge.requestsOf('library.rescan')).toEqual([{ ids: ['orphan'] }])
  })

  test('is read anew when the image changes, and not when another does', async () => {
    const bridge = await open('web')
    expect(bridge.requestsOf('image.details')).toHaveLength(1)
    bridge.change(rawImage('other', 'other.raw'))
    await settle(READ)
    expect(bridge.requestsOf('image.details')).toHaveLength(1)
    const web = bridge.images.get('web') ?? rawImage('web', 'x')
    bridge.change({ ...web, sizeOnDisk: 9 * GIB })
    await settle(READ)
    expect(bridge.requestsOf('image.details')).toHaveLength(2)
    expect(pageText()).toContain('Size on disk 9 GiB')
  })

  test('drops the details of an image that is no longer selected', async () => {
    const bridge = await open('web')
    bridge.answer('image.details', () => new Promise<never>(() => undefined))
    useView().select('dev')
    await settle(READ)
    expect(pageText()).not.toContain('/srv/overlays/web-staging.raw')
  })
})

describe('the chain', () => {
  test('has a card a layer, the share it serves, and who else uses it', async () => {
    await open('deep', 'Chain')
    const text = pageText()
    for (const name of ['experiment', 'web-staging-before-upgrade', 'web-staging', 'debian-12'])
      expect(text).toContain(name)
    expect(text).toContain('serves 42.3% of the disk (8.47 GiB)')
    expect(text).toContain('Used by 2 other overlays')
    expect(byRole('list', 'Who serves the disk').children).toHaveLength(5)
  })

  test('is walked by arrow keys, and leads to the layer in the list', async () => {
    await open('deep', 'Chain')
    byRole('button', 'Show experiment.add-cow in the list').focus()
    await press('ArrowDown')
    await press('ArrowDown')
    expect(document.activeElement?.getAttribute('aria-label')).toContain('web-staging.add-cow')
    await click(byRole('button', 'Show web-staging.add-cow in the list'))
    expect(useView().selectedId).toBe('web')
  })

  test('says in words which layer is missing and what helps', async () => {
    await open('orphan', 'Chain')
    expect(pageText()).toContain('What each layer serves is known once all layers are found.')
    expect(pageText()).toContain('/mnt/archive/windows-2022-base.raw')
    expect(byRole('button', 'Look again')).toBeTruthy()
  })

  test('counts as others only overlays that are not in the chain', () => {
    const base = rawImage('base', 'base.raw', { usedBy: 3 })
    const top = overlay('top', 'top.add-cow', base)
    const images = new Map([base, top].map((image) => [image.id, image]))
    const drawn = drawChain(detailsOf(images, 'top'))
    expect(drawn.layers.map((layer) => layer.usedByOthers)).toEqual([0, 2])
    const details = detailsOf(images, 'top')
    const unlisted = { ...details, layers: [{ usedBy: 0 }, { id: 'base', usedBy: 3 }] }
    expect(drawChain(unlisted).layers[1]?.usedByOthers).toBe(3)
  })

  test('shares add up to the disk; what nobody holds is zeros', () => {
    const images = new Map(richLibrary().map((image) => [image.id, image]))
    const { shares = [], virtualSize } = drawChain(detailsOf(images, 'deep'))
    expect(shares.reduce((sum, share) => sum + share.bytes, 0)).toBe(virtualSize)
    expect(shares.at(-1)?.layer).toBeUndefined()
  })

  test('of many layers gives each a number, and repeats only the looks', () => {
    const chain = [rawImage('0', '0.raw')]
    for (let depth = 1; depth <= 20; depth += 1)
      chain.push(overlay(`${depth}`, `${depth}.add-cow`, chain[depth - 1] ?? 'x'))
    const images = new Map(chain.map((image) => [image.id, image]))
    const { layers } = drawChain(detailsOf(images, '20'))
    expect(layers.map((layer) => layer.number)).toEqual(Array.from({ length: 21 }, (_, i) => i + 1))
    expect(Math.max(...layers.map((layer) => layer.look))).toBe(LAYER_LOOKS - 1)
  })
})

describe('the check tab', () => {
  test('shows the last result, finding by finding', async () => {
    await open('db', 'Check')
    expect(pageText()).toContain('Corruption: data may be wrong')
    expect(pageText()).toContain('5,033,164 of 41,943,040 sectors allocated')
    expect(pageText()).toContain('Repair: Extend the overlay file with zeros')
  })

  test('says where there was none, and leads to one', async () => {
    await open('deep', 'Check')
    expect(pageText()).toContain('Not checked yet')
    await click(byRole('button', 'Check…'))
    expect(byRole('dialog', 'Check experiment.add-cow')).toBeTruthy()
  })
})
