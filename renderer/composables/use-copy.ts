import { invoke } from '../bridge'
import { useAttempt } from './use-attempt'

/** Copies text to the clipboard; tells whether it did. */
export function useCopy(): (text: string) => Promise<boolean> {
  const attempt = useAttempt()
  return async (text) =>
    (await attempt('copy', async () => {
      await invoke('app.copyText', { text })
      return true
    })) === true
}
