/*
 * The commands by which the original driver made a case (steps.txt), done again with our own
 * `create` and `resize`. What only changes the content of the disk is left out.
 */
import { mkdirSync, openSync, closeSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseSize } from '../../engine/base/units'
import { addCowImgHere } from '../support/command-line'
import type { GoldenCase } from './golden-set'

export interface Replayed {
  /** What our program said where it refused a command of the original's. */
  readonly refused: string | undefined
  /** Whether the original wrote to the disk afterwards, so that only its header can be compared. */
  readonly writtenTo: boolean
}

/** Does the steps of a case again in an empty folder, up to the first that we refuse. */
export async function replay(golden: GoldenCase, folder: string): Promise<Replayed> {
  let writtenTo = false
  for (const line of readFileSync(join(golden.folder, 'steps.txt'), 'utf8').split('\n')) {
    if (!line.startsWith('$ ')) continue
    const { words, cwd } = command(line.slice(2), folder)
    if (line.includes('qemu-io ') && line.includes('write ')) writtenTo = true
    const problem = await replayStep(golden, words, cwd)
    if (problem !== undefined) return { refused: problem, writtenTo }
  }
  return { refused: undefined, writtenTo }
}

function command(line: string, folder: string): { words: readonly string[]; cwd: string } {
  const words = shellWords(line)
  if (words[0] !== 'cd' || words[2] !== '&&') return { words, cwd: folder }
  return { words: words.slice(3), cwd: join(folder, words[1] ?? '') }
}

/** Words of a shell, some of them with parts in single quotes. */
function shellWords(line: string): string[] {
  const words = line.match(/(?:'[^']*'|[^\s'])+/g) ?? []
  return words.map((word) => word.replaceAll("'", ''))
}

async function replayStep(
  golden: GoldenCase,
  words: readonly string[],
  cwd: string,
): Promise<string | undefined> {
  const [program, first = '', second = '', third = '', ...rest] = words
  const last = words.at(-1) ?? ''
  switch (program) {
    case 'mkdir':
      mkdirSync(join(cwd, first))
      return undefined
    case 'mkrand.py':
      makeFile(join(cwd, third), Number(second))
      return undefined
    case 'truncate':
      makeFile(join(cwd, third), Number(second))
      return undefined
    case 'printf':
      patch(cwd, first, words)
      return undefined
    case 'qemu-img':
      if (first === 'resize') return await ours(cwd, 'resize', '--shrink', second, third)
      if (first !== 'create') return undefined
      if (third === 'add-cow') return await ours(cwd, 'create', '-f', golden.format, ...rest)
      makeFile(join(cwd, rest[0] ?? ''), parseSize(last) ?? 0)
      return undefined
    default:
      return undefined
  }
}

/** Makes a file of zeros, or sets the length of one that is there. */
function makeFile(path: string, length: number): void {
  closeSync(openSync(path, 'a'))
  truncateSync(path, length)
}

/** `printf '\x01\x02' | dd of=FILE bs=1 seek=N ...` */
function patch(cwd: string, escaped: string, words: readonly string[]): void {
  const bytes = Buffer.from(escaped.replaceAll('\\x', ''), 'hex')
  const value = (name: string): string => {
    const word = words.find((each) => each.startsWith(`${name}=`))
    if (word === undefined) throw new Error(`dd without ${name}: ${words.join(' ')}`)
    return word.slice(name.length + 1)
  }
  const fd = openSync(join(cwd, value('of')), 'r+')
  writeSync(fd, bytes, 0, bytes.length, Number(value('seek')))
  closeSync(fd)
}

async function ours(cwd: string, ...args: readonly string[]): Promise<string | undefined> {
  const { code, stderr } = await addCowImgHere(cwd, ...args)
  return code === 0 ? undefined : stderr
}
