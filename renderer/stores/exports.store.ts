import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type {
  ExportId,
  ExportList,
  ExportSnapshot,
  ExportSnapshotRequest,
  FlattenExportRequest,
  StartExportRequest,
} from '../../electron/contract/exports'
import type { ImageId } from '../../electron/contract/library'
import { invoke } from '../bridge'

/** The exports that the main process told of. */
export const useExports = defineStore('exports', () => {
  const exports = shallowRef<ReadonlyMap<ExportId, ExportSnapshot>>(new Map())
  const canStartQemu = ref(false)
  const list = computed(() => [...exports.value.values()].sort((a, b) => b.startedAt - a.startedAt))
  /** Those that have not ended. */
  const on = computed(() => list.value.filter(({ status }) => status !== 'failed'))
  /** The export that serves each image, if any. */
  const byImage = computed(() => {
    const found = new Map<ImageId, ExportSnapshot>()
    for (const one of on.value) if (one.imageId !== undefined) found.set(one.imageId, one)
    return found
  })

  function load({ exports: all, canStartQemu: can }: ExportList): void {
    exports.value = new Map(all.map((one) => [one.id, one]))
    canStartQemu.value = can
  }

  function apply(one: ExportSnapshot): void {
    exports.value = new Map(exports.value).set(one.id, one)
  }

  function remove(id: ExportId): void {
    const next = new Map(exports.value)
    next.delete(id)
    exports.value = next
  }

  function get(id: ExportId): ExportSnapshot | undefined {
    return exports.value.get(id)
  }

  /** Asks for everything again: QEMU may have been installed meanwhile. */
  async function refresh(): Promise<void> {
    load(await invoke('export.list', undefined))
  }

  async function start(request: StartExportRequest): Promise<ExportId> {
    return (await invoke('export.start', request)).id
  }

  async function stop(id: ExportId): Promise<void> {
    await invoke('export.stop', { id })
  }

  async function takeSnapshot(request: ExportSnapshotRequest): Promise<true> {
    await invoke('export.takeSnapshot', request)
    return true
  }

  async function flatten(request: FlattenExportRequest): Promise<void> {
    await invoke('export.flatten', request)
  }

  async function stopFlatten(id: ExportId): Promise<void> {
    await invoke('export.stopFlatten', { id })
  }

  async function grow(id: ExportId, size: number): Promise<true> {
    await invoke('export.grow', { id, size })
    return true
  }

  async function startQemu(id: ExportId, throwAway: boolean): Promise<void> {
    await invoke('export.startQemu', { id, throwAway })
  }

  return {
    list,
    on,
    byImage,
    canStartQemu,
    load,
    apply,
    remove,
    get,
    refresh,
    start,
    stop,
    takeSnapshot,
    flatten,
    stopFlatten,
    grow,
    startQemu,
  }
})
