import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

/** A short word at the edge of the window that goes away by itself. */
export interface Notice {
  readonly id: number
  readonly tone: 'ok' | 'info' | 'danger'
  readonly text: string
  readonly detail?: string | undefined
  /** What it is about: the next notice about the same takes its place. */
  readonly about?: string
  readonly action?: { readonly label: string; readonly run: () => void } | undefined
}

const MOST_AT_ONCE = 4

export const useNotices = defineStore('notices', () => {
  const notices = shallowRef<readonly Notice[]>([])
  let lastId = 0

  function add(notice: Omit<Notice, 'id'>): void {
    lastId += 1
    const { about } = notice
    const others = notices.value.filter((one) => about === undefined || one.about !== about)
    notices.value = [...others.slice(1 - MOST_AT_ONCE), { ...notice, id: lastId }]
  }

  function remove(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  return { notices, add, remove }
})
