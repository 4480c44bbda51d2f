import { ipcMain } from 'electron'
import { COMMAND_CHANNEL, DROP_CHANNEL } from '../contract/commands'
import type { AddResult } from '../contract/library'
import { droppedPaths } from '../contract/schemas'
import type { Dispatcher } from './ipc-dispatch'

/** Opens the two channels from the window. Nothing else in the application listens to it. */
export function listenToWindow(
  dispatcher: Dispatcher,
  addDropped: (paths: readonly string[]) => Promise<AddResult>,
): void {
  ipcMain.handle(COMMAND_CHANNEL, (event, name: unknown, request: unknown) =>
    dispatcher.command(event, name, request),
  )
  ipcMain.handle(DROP_CHANNEL, (event, paths: unknown) =>
    dispatcher.other(event, 'A drop of files', droppedPaths, paths, addDropped),
  )
}
