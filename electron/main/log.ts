import electronLog from 'electron-log/node'

/** What the other parts of the main process write their log with. */
export interface Log {
  info(message: string, ...more: unknown[]): void
  warn(message: string, ...more: unknown[]): void
  error(message: string, ...more: unknown[]): void
}

const MAX_LOG_BYTES = 1024 * 1024

/** A log in a file, and on the terminal where there is one. Never waits for the disk. */
export function openLog(path: string, appName: string, toTerminal: boolean): Log {
  const { file, console } = electronLog.transports
  file.setAppName(appName)
  file.resolvePathFn = () => path
  file.maxSize = MAX_LOG_BYTES
  file.sync = false
  file.level = 'info'
  console.level = toTerminal ? 'info' : false
  return electronLog
}
