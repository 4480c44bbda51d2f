import type { Bridge } from '../electron/contract/commands'

declare global {
  interface Window {
    /** What the preload gives to the page: the only way out of it. */
    readonly addCow: Bridge<File>
  }
}
