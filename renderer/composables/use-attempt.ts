import type { ImageId } from '../../electron/contract/library'
import { toErrorData } from '../bridge'
import { useDialogs } from '../stores/dialogs.store'
import type { Messages } from '../locales'
import { useText } from './use-text'

type CommandFailure = keyof Messages['failure']['commands']

/**
 * Runs a command and, should it fail, shows what failed and why, with a button that tries again.
 * Gives the result, or undefined where it failed.
 */
export function useAttempt(): <Result>(
  what: CommandFailure,
  command: () => Promise<Result>,
  imageId?: ImageId,
) => Promise<Result | undefined> {
  const dialogs = useDialogs()
  const text = useText()

  return async function attempt(what, command, imageId) {
    try {
      return await command()
    } catch (error) {
      dialogs.fail({
        error: toErrorData(error),
        title: text(`failure.commands.${what}`),
        imageId,
        retry: () => void attempt(what, command, imageId),
      })
      return undefined
    }
  }
}
