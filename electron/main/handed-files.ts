import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'

/** What a second start gives to the one that runs already. */
export const handOverSchema = z.object({ files: z.array(z.string()).max(10_000) })
export type HandOver = z.infer<typeof handOverSchema>

/**
 * The files that a start was given: its arguments without switches, the program itself and, where
 * an Electron was told which application to load (`hasAppPath`), that application's folder.
 * Desktops on Linux give files as URLs.
 */
export function handedFiles(
  argv: readonly string[],
  hasAppPath: boolean,
  folder: string,
): string[] {
  const words = argv.filter((word) => word !== '' && !word.startsWith('-'))
  return words.slice(hasAppPath ? 2 : 1).map((word) => fileOf(word, folder))
}

function fileOf(word: string, folder: string): string {
  if (!word.startsWith('file://')) return resolve(folder, word)
  try {
    return fileURLToPath(word)
  } catch {
    // of no file on this computer: the person is told that there is none of this name
    return word
  }
}

/** Keeps files that come before there is a page to tell of them. */
export class HandedFiles {
  private waiting: string[] = []
  private hasPage = false

  constructor(private readonly add: (files: readonly string[]) => void) {}

  take(files: readonly string[]): void {
    this.waiting.push(...files)
    if (this.hasPage) this.passOn()
  }

  /** A page is there and listens. */
  pageIsThere(): void {
    this.hasPage = true
    this.passOn()
  }

  private passOn(): void {
    const files = this.waiting
    this.waiting = []
    if (files.length > 0) this.add(files)
  }
}
