/* What can be asked of an export from another shell: `add-cow-img ctl`, between real processes. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { KIB, MIB } from '../../engine/base/units'
import { addCowImg, addCowImgPath } from '../support/command-line'
import { NbdProgram } from '../support/nbd-program'
import { RawNbdClient } from '../support/raw-nbd-client'
import { makeServedFiles } from '../support/served'

const SIZE = 4 * MIB

interface Steered {
  readonly folder: string
  readonly base: Buffer
  readonly program: NbdProgram
}

async function steered(size = SIZE, ...options: readonly string[]): Promise<Steered> {
  const { folder, base } = await makeServedFiles(size)
  const where = ['--socket', 's', '--control', 'c']
  const program = await NbdProgram.start(folder, '-t', ...where, ...options, 'x.add-cow')
  return { folder, base, program }
}

async function well(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await addCowImg(folder, 'ctl', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

async function refused(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await addCowImg(folder, 'ctl', ...args)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^add-cow-img: .+\n$/)
  return stderr
}

async function status(folder: string): Promise<unknown> {
  return JSON.parse(await well(folder, 'status', '--output=json', 'c'))
}

/** Sends text to the control socket, and collects what comes until it is closed or complete. */
async function talk(folder: string, text: string, lines: number): Promise<string[]> {
  const socket = connect(join(folder, 'c')).setEncoding('utf8')
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => undefined)
  socket.write(text)
  let heard = ''
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
    socket.on('data', (more: string) => {
      heard += more
      if (heard.split('\n').length > lines) resolve()
    })
  })
  return heard.split('\n').slice(0, -1)
}

describe('an export that is steered from another shell', () => {
  test('tells its state, takes a snapshot, grows, is flattened, and ends', async () => {
    const { folder, base, program } = await steered()
    const client = await RawNbdClient.ready(join(folder, 's'))
    await client.write(1000, Buffer.alloc(3000, 1))
    base.fill(1, 1000, 4000)
    const before = Buffer.from(base)
    expect(await status(folder)).toMatchObject({
      filename: join(folder, 'x.add-cow'),
      'virtual-size': SIZE,
      uri: program.uri,
      'read-only': false,
      clients: [{ 'virtual-size': SIZE, requests: 1, 'bytes-written': 3000 }],
      'bytes-written': 3000,
    })
    expect(await well(folder, 'status', 'c')).toContain('clients: 1\n')

    const said = await well(folder, 'snapshot', 'c', 'y.add-cow')
    expect(said).toBe('Snapshot made: y.add-cow is on x.add-cow now.\n')
    await client.write(2000, Buffer.alloc(3000, 2))
    base.fill(2, 2000, 5000)
    expect(await well(folder, 'resize', 'c', '+1M')).toBe('Image resized.\n')
    expect(await well(folder, 'status', 'c')).toContain('clients: 1, 1 told another size\n')
    expect(await refused(folder, 'resize', 'c', '-2M')).toMatch(/ \(--shrink\)\n$/)
    await well(folder, 'flatten', 'c', '--rate', '1G')
    expect((await client.read(0, SIZE)).data.equals(base)).toBe(true)
    expect(await well(folder, 'stop', 'c')).toBe('Export ended.\n')
    expect([await program.ended(), program.stderr]).toEqual([0, ''])
    expect([existsSync(join(folder, 's')), existsSync(join(folder, 'c'))]).toEqual([false, false])

    expect(
      readFileSync(join(folder, 'y.raw')).equals(Buffer.concat([base, Buffer.alloc(MIB)])),
    ).toBe(true)
    writeFileSync(join(folder, 'before.raw'), before)
    const compared = await addCowImg(folder, 'compare', 'x.add-cow', 'before.raw')
    expect(compared).toMatchObject({ code: 0, stderr: '' })
  })

  test('whoever leaves cancels the flatten that he asked for; one at a time', async () => {
    const { folder, base } = await steered(8 * MIB)
    const slow = spawn(
      process.execPath,
      [addCowImgPath, 'ctl', 'flatten', 'c', '--rate', String(512 * KIB)],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    onTestFinished(() => void slow.kill('SIGKILL'))
    await expect
      .poll(() => status(folder), { timeout: 20_000 })
      .toMatchObject({ flatten: { phase: 'copying', total: 8 * MIB } })
    expect(await refused(folder, 'flatten', 'c')).toContain('is being flattened already')
    expect(await status(folder)).toHaveProperty('flatten')
    const ended = once(slow, 'close')
    slow.kill('SIGINT')
    expect(await ended).toEqual([null, 'SIGINT'])
    await expect.poll(() => status(folder), { timeout: 20_000 }).not.toHaveProperty('flatten')
    await well(folder, 'flatten', '-q', 'c')
    expect(readFileSync(join(folder, 'x.raw')).equals(base)).toBe(true)
  })

  test('an end that comes first is told to who has asked', async () => {
    const { folder, program } = await steered(8 * MIB)
    const asked = addCowImg(folder, 'ctl', 'flatten', 'c', '--rate', String(512 * KIB))
    await expect.poll(() => status(folder), { timeout: 20_000 }).toHaveProperty('flatten')
    expect(await program.end()).toBe(0)
    const { code, stderr } = await asked
    expect(code).toBe(130)
    expect(stderr).toMatch(/^add-cow-img: The flatten of .*x\.add-cow was cancelled\n$/)
  })

  test('a failure is told as the command itself would', async () => {
    const { folder } = await steered()
    writeFileSync(join(folder, 'y.raw'), 'mine')
    expect(await refused(folder, 'snapshot', 'c', 'y.add-cow')).toContain('y.raw')
    expect(readFileSync(join(folder, 'y.raw'), 'utf8')).toBe('mine')
    expect(await refused(folder, 'snapshot', 'c', 'x.add-cow')).toContain('x.add-cow')
    expect(await refused(folder, 'resize', 'c', 'much')).toContain("Invalid size 'much'")
    expect(await refused(folder, 'flatten', 'c', '--rate', '0')).toContain('at least one byte')
    expect(await status(folder)).toMatchObject({ filename: join(folder, 'x.add-cow') })
  })

  test('what is read-only stays it', async () => {
    const { folder } = await steered(SIZE, '-r')
    expect(await well(folder, 'status', 'c')).toContain('x.add-cow (read-only)\n')
    for (const args of [
      ['snapshot', 'c', 'y.add-cow'],
      ['flatten', 'c'],
      ['resize', 'c', '8M'],
    ]) {
      expect(await refused(folder, ...args)).toMatch(/for reading only|read-only/)
    }
  })
})

describe('the control socket', () => {
  test('is for the present user alone, and replaces one that was left behind', async () => {
    const { folder, program } = await steered()
    expect(statSync(join(folder, 'c')).mode & 0o777).toBe(0o600)
    await program.end('SIGKILL')
    expect(await refused(folder, 'status', 'c')).toContain('nobody listens there')
    const again = await NbdProgram.start(
      folder,
      '-t',
      '--socket',
      's',
      '--control',
      'c',
      'base.raw',
    )
    expect(await status(folder)).toMatchObject({ filename: join(folder, 'base.raw') })
    expect(await again.end()).toBe(0)
    expect(await refused(folder, 'status', 'c')).toContain('there is no such file')
  })

  test('cannot be one that is in use, nor a file: then nothing is served', async () => {
    const { folder } = await steered()
    writeFileSync(join(folder, 'file'), 'mine')
    for (const [control, why] of [
      ['c', 'another program does'],
      ['t', 'another program does'],
      ['file', 'no socket'],
    ] as const) {
      const args = ['nbd', '-t', '-r', '--socket', 't', '--control', control, 'base.raw']
      const { code, stdout, stderr } = await addCowImg(folder, ...args)
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toContain(why)
      expect(existsSync(join(folder, 't'))).toBe(false)
    }
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('mine')
    expect(await status(folder)).toHaveProperty('uri')
  })

  test('answers what is no request with an error, and goes on', async () => {
    const { folder } = await steered()
    const wrong = [
      'no JSON',
      '[]',
      '{"command":"sing"}',
      '{"command":"status","more":1}',
      '{"command":"snapshot","path":"relative"}',
      '{"command":"resize","size":1.5,"shrink":false}',
      '{"command":"flatten","bytesPerSecond":0}',
    ]
    const text = [...wrong, '{"command":"status"}', ''].join('\n')
    const answers = await talk(folder, text, wrong.length + 1)
    const parsed = answers.map((line) => JSON.parse(line) as unknown)
    for (const answer of parsed.slice(0, wrong.length)) {
      expect(answer).toMatchObject({ error: { code: 'invalid-argument', state: 'unchanged' } })
    }
    expect(parsed.at(-1)).toMatchObject({ result: { 'virtual-size': SIZE } })
  })

  test('holds neither a line without an end nor requests without number', async () => {
    const { folder } = await steered()
    const [line = ''] = await talk(folder, 'x'.repeat(70 * KIB), Infinity)
    expect(JSON.parse(line)).toMatchObject({ error: { code: 'invalid-argument' } })
    const many = '{"command":"status"}\n'.repeat(1000)
    expect((await talk(folder, many, Infinity)).length).toBeLessThan(1000)
    expect(await status(folder)).toHaveProperty('uri')
  })
})
