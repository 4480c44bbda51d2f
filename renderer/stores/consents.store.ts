import { defineStore } from 'pinia'
import { ref } from 'vue'
import { invoke } from '../bridge'

/** The person's yes to what images name elsewhere; the library remembers each. */
export const useConsents = defineStore('consents', () => {
  /** How many were given since the window opened: what failed for want of one may go on now. */
  const given = ref(0)

  /** `target` is that of an error `chain/needs-consent`. */
  async function give(target: string): Promise<void> {
    await invoke('library.agree', { name: target })
    given.value += 1
  }

  /** All that were given and not withdrawn, in the order of the alphabet. */
  async function list(): Promise<readonly string[]> {
    return [...(await invoke('library.agreedNames', undefined))].sort()
  }

  /** Takes back one of the list. */
  async function withdraw(name: string): Promise<void> {
    await invoke('library.withdraw', { name })
  }

  return { given, give, list, withdraw }
})
