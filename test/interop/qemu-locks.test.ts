import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { projectRoot } from '../../build/lib/project'
import { findProgram } from '../../build/system/packages'
import { MIB } from '../../engine/base/units'
import { nodeHost } from '../../engine/host/node-host'
import { type Disk, openDisk } from '../../engine/image/disk'
import { addCowImg, type Ended, expectSuccess, run } from '../support/command-line'
import { folderState } from '../support/folder-state'
import { Random } from '../support/random'
import { describeNeeding, linux, program } from '../support/requires'
import { temporaryFolder } from '../support/temporary-folder'

const files = ['x.add-cow', 'x.raw', 'base.raw'] as const

async function makeOverlay(format: string): Promise<string> {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'base.raw'), new Random(7).bytes(MIB))
  const options = 'backing_file=base.raw,image_file=x.raw'
  const args = ['create', '-f', format, '-o', options, 'x.add-cow']
  expectSuccess('add-cow-img', args, await addCowImg(folder, ...args))
  return folder
}

async function open(folder: string): Promise<Disk> {
  return await openDisk(nodeHost, join(folder, 'x.add-cow'), { writable: true })
}

async function qemuIo(
  folder: string,
  file: string,
  command: string,
  ...flags: string[]
): Promise<Ended> {
  return await run(folder, 'qemu-io', '-f', 'raw', ...flags, '-c', command, file)
}

/** Starts a program that holds a file, and waits until it says so. It ends with the test. */
async function hold(
  command: string,
  args: readonly string[],
  cwd: string,
  first: string,
  sign: string,
): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(command, args, { cwd })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  child.stdin.write(first)
  let said = ''
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  for await (const data of child.stdout.iterator({ destroyOnReturn: false })) {
    said += String(data)
    if (said.includes(sign)) return child
  }
  throw new Error(`${command} did not hold its file: ${said}`)
}

/** Real QEMU with a file open for writing. */
async function holdByQemu(folder: string, file: string): Promise<ChildProcessWithoutNullStreams> {
  const program = findProgram('qemu-io') ?? 'qemu-io'
  return await hold(program, ['-f', 'raw', file], folder, 'write -P 1 0 512\n', 'wrote 512/512')
}

async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  const closed = once(child, 'close')
  child.stdin.end()
  await closed
}

describeNeeding([linux, program('qemu-io'), program('qemu-img')], "QEMU's locks", () => {
  test.each(['add-cow', 'acow'])(
    'QEMU writes to no file of an open overlay: %s',
    async (format) => {
      const folder = await makeOverlay(format)
      const before = folderState(folder)
      const disk = await open(folder)
      for (const file of files) {
        const refused = await qemuIo(folder, file, 'write 0 512')
        expect(refused.code, file).toBe(1)
        expect(refused.stderr, file).toMatch(/Failed to get ("|shared )?.*lock/)
        expect((await qemuIo(folder, file, 'read 0 512', '-r', '-U')).code, file).toBe(0)
      }
      // The base is only read by us, so others may read it without being told to share.
      expect((await qemuIo(folder, 'base.raw', 'read 0 512', '-r')).code).toBe(0)
      await disk.close()

      expect(folderState(folder)).toEqual(before)
      for (const file of files) {
        expect((await qemuIo(folder, file, 'read 0 512')).code, file).toBe(0)
      }
      expect((await qemuIo(folder, 'x.raw', 'write 0 512')).code).toBe(0)
    },
  )

  test('while an overlay is open for writing, looking works; writing does not', async () => {
    const folder = await makeOverlay('add-cow')
    const disk = await open(folder)
    for (const args of [['info', '--backing-chain'], ['map'], ['check']]) {
      expect(await addCowImg(folder, ...args, 'x.add-cow')).toMatchObject({ code: 0, stderr: '' })
    }
    expect((await addCowImg(folder, 'convert', 'x.add-cow', 'out.raw')).code).toBe(0)
    await expect(open(folder)).rejects.toMatchObject({ code: 'in-use' })
    for (const args of [
      ['resize', 'x.add-cow', '2M'],
      ['flatten', 'x.add-cow'],
    ]) {
      const { code, stderr } = await addCowImg(folder, ...args)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^add-cow-img: Cannot .* another program (has it open|holds it)\n$/)
    }
    await disk.close()
    await (await open(folder)).close()
  })

  test.each(['x.raw', 'base.raw'])(
    'we write to nothing while QEMU has %s open for writing',
    async (file) => {
      const folder = await makeOverlay('acow')
      const qemu = await holdByQemu(folder, file)
      await expect(open(folder)).rejects.toMatchObject({ code: 'in-use' })
      const { code, stderr } = await addCowImg(folder, 'flatten', 'x.add-cow')
      expect(code).toBe(1)
      expect(stderr.split('\n')).toHaveLength(2)
      expect((await addCowImg(folder, 'info', 'x.add-cow')).code).toBe(0)
      expect((await addCowImg(folder, 'convert', 'x.add-cow', 'out.raw')).code).toBe(0)
      await end(qemu)
      await (await open(folder)).close()
    },
  )

  test('locks go with the process that held them', async () => {
    const folder = await makeOverlay('add-cow')
    const path = join(folder, 'x.add-cow')
    const args = ['--import', 'tsx', join(projectRoot, 'test/support/hold-disk.ts'), path]
    const holder = await hold(process.execPath, args, projectRoot, '', 'open\n')
    expect((await qemuIo(folder, 'x.raw', 'write 0 512')).code).toBe(1)
    await expect(open(folder)).rejects.toMatchObject({ code: 'in-use' })

    const closed = once(holder, 'close')
    holder.kill('SIGKILL')
    await closed
    expect((await qemuIo(folder, 'x.raw', 'write 0 512')).code).toBe(0)
    await (await open(folder)).close()
  })
})
