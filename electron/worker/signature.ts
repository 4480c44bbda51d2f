import { stat } from 'node:fs/promises'

/** A text that differs where one of the files was changed, replaced or lost. Reads no content. */
export async function signatureOf(files: readonly string[]): Promise<string> {
  const parts = await Promise.all(files.map(signatureOfFile))
  return parts.join(' ')
}

async function signatureOfFile(path: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(path)
    return `${size}:${mtimeMs}:${ino}`
  } catch {
    return '-'
  }
}
