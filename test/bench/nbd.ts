/*
 * Exports side by side: the same fio work on the same disk, served by add-cow-img nbd, qemu-nbd and
 * nbdkit in turns, over a Unix socket and one connection.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { findProgram } from '../../build/system/packages'
import { outFolder, ScriptError } from '../../build/lib/project'
import { copy, type Twins } from './twins'

const run = promisify(execFile)
const SERVERS = ['ours', 'qemu-nbd', 'nbdkit'] as const
type ServerName = (typeof SERVERS)[number]

/** Operations a second, and the latency that 99 of 100 stay below, in microseconds. */
interface Figures {
  readonly rate: number
  readonly p99: number
}

interface Workload {
  readonly name: string
  readonly fio: readonly string[]
  /** How many times the rate of qemu-nbd ours should be. */
  readonly goal: number
  /** What lies in the host's page cache when it begins; all where absent. */
  readonly cache?: 'cold'
  /** What is written before, so that all that the work writes to is allocated. */
  readonly allocate?: boolean
}

const random = ['--bs=4k', '--iodepth=32']
const large = ['--bs=256k', '--iodepth=8']
const part = '--size=256m'

const WORKLOADS: readonly Workload[] = [
  { name: '4k random read', fio: ['--rw=randread', ...random], goal: 3 },
  { name: '4k random write', fio: ['--rw=randwrite', ...random, part], goal: 3, allocate: true },
  { name: '4k write, unallocated', fio: ['--rw=randwrite', ...random], goal: 2 },
  { name: '256k read', fio: ['--rw=read', ...large], goal: 2.5 },
  { name: '256k write', fio: ['--rw=write', ...large], goal: 1.2 },
  { name: '4k random read, cold', fio: ['--rw=randread', ...random], goal: 1, cache: 'cold' },
]

/**
 * Runs all workloads, prints a line for each, and keeps the figures as out/bench/nbd.json. Each
 * round starts every server anew on fresh copies of the files; the first to go changes.
 */
export async function runNbdBench(twins: Twins, rounds: number): Promise<void> {
  const at = (name: string): string => join(twins.directory, name)
  await run(process.execPath, [commandLine, 'convert', twins.addCow, at('whole.raw')])
  const outcomes: object[] = []
  for (const workload of WORKLOADS) {
    const figures: Record<ServerName, Figures[]> = { ours: [], 'qemu-nbd': [], nbdkit: [] }
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < SERVERS.length; turn += 1) {
        const server = SERVERS[(round + turn) % SERVERS.length] ?? 'ours'
        figures[server].push(await measure(twins, server, workload))
      }
    }
    const ours = median(figures.ours)
    const peers = { 'qemu-nbd': median(figures['qemu-nbd']), nbdkit: median(figures.nbdkit) }
    outcomes.push({ name: workload.name, goal: workload.goal, rounds, ours, ...peers })
    console.log(line(workload, ours, peers))
  }
  await mkdir(join(outFolder, 'bench'), { recursive: true })
  await writeFile(join(outFolder, 'bench/nbd.json'), `${JSON.stringify(outcomes, undefined, 2)}\n`)
}

const commandLine = join(outFolder, 'cli/add-cow-img.js')

async function measure(twins: Twins, name: ServerName, workload: Workload): Promise<Figures> {
  const folder = join(twins.directory, 'served')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder)
  const files = await prepareFiles(twins, folder, name)
  const server = await startServer(folder, name)
  try {
    // by small writes: where large ones made the pages, the kernel goes through all of a large page
    // for each small write, whoever serves
    if (workload.allocate === true) await fio(folder, ['--rw=write', ...random, part])
    // nothing is left to be written to the device under the work
    execFileSync('sync')
    if (workload.cache === 'cold') return await fioWhileCold(folder, files, workload.fio)
    for (const file of files) dd(file, 'of=/dev/null', 'bs=1M')
    return await fio(folder, [...workload.fio, '--time_based', '--runtime=2', '--ramp_time=0.5'])
  } finally {
    server.kill()
    await once(server, 'close')
  }
}

/**
 * What is cold at first does not stay it: as much work for each server, not as much time. Several
 * times over, and the last counts: it is the page cache that shall be cold, not the program.
 */
async function fioWhileCold(
  folder: string,
  files: readonly string[],
  args: readonly string[],
): Promise<Figures> {
  let figures: Figures = { rate: 0, p99: 0 }
  for (let n = 0; n < 5; n += 1) {
    for (const file of files) dd(file, 'iflag=nocache', 'count=0')
    figures = await fio(folder, [...args, '--number_ios=20000'])
  }
  return figures
}

function dd(file: string, ...operands: readonly string[]): void {
  const stdio = ['ignore', 'ignore', 'inherit'] as const
  execFileSync('dd', [`if=${file}`, 'status=none', ...operands], { stdio: [...stdio] })
}

/** Copies of what a server serves; returns the files that it reads from. */
async function prepareFiles(twins: Twins, folder: string, name: ServerName): Promise<string[]> {
  const to = (file: string): string => join(folder, file)
  const base = join(twins.directory, 'base.raw')
  await symlink(base, to('base.raw'))
  if (name === 'nbdkit') return [join(twins.directory, 'whole.raw')]
  if (name === 'qemu-nbd') {
    copy(twins.qcow2, to('twin.qcow2'))
    return [base, to('twin.qcow2')]
  }
  copy(twins.addCow, to('x.add-cow'))
  copy(twins.image, to('x.raw'))
  return [base, to('x.add-cow'), to('x.raw')]
}

async function startServer(folder: string, name: ServerName): Promise<ChildProcess> {
  const socket = join(folder, 's')
  const commands: Readonly<Record<ServerName, readonly string[]>> = {
    ours: [process.execPath, commandLine, 'nbd', '-t', '--socket', socket, 'x.add-cow'],
    'qemu-nbd': ['qemu-nbd', '-t', '-k', socket, '-f', 'qcow2', 'twin.qcow2'],
    nbdkit: ['nbdkit', '-f', '-U', socket, '--filter=cow', 'file', '../whole.raw'],
  }
  const [program = '', ...args] = commands[name]
  const path = findProgram(program) ?? program
  const server = spawn(path, args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (server.exitCode !== null || tries === 500) throw new ScriptError(`${name} does not serve.`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return server
}

const fioSide = z.object({
  iops: z.number(),
  total_ios: z.number(),
  clat_ns: z.object({ percentile: z.record(z.string(), z.number()).optional() }),
})
const fioOutput = z.object({ jobs: z.tuple([z.object({ read: fioSide, write: fioSide })]) })

async function fio(folder: string, args: readonly string[]): Promise<Figures> {
  const uri = `nbd+unix:///?socket=${join(folder, 's')}`
  const fixed = [
    '--name=bench',
    '--ioengine=nbd',
    `--uri=${uri}`,
    '--randseed=7',
    '--group_reporting',
  ]
  const options = [...fixed, '--output-format=json', ...args]
  const { stdout } = await run('fio', options, { maxBuffer: 64 * 1024 * 1024 })
  // fio may say something before its figures
  const { jobs } = fioOutput.parse(JSON.parse(stdout.slice(stdout.indexOf('{'))))
  const [{ read, write }] = jobs
  const side = read.total_ios > 0 ? read : write
  return { rate: side.iops, p99: (side.clat_ns.percentile?.['99.000000'] ?? 0) / 1000 }
}

function median(figures: readonly Figures[]): Figures {
  const middle = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
  return { rate: middle(figures.map((f) => f.rate)), p99: middle(figures.map((f) => f.p99)) }
}

function line(
  { name, goal }: Workload,
  ours: Figures,
  peers: Readonly<Record<Exclude<ServerName, 'ours'>, Figures>>,
): string {
  const ratio = ours.rate / peers['qemu-nbd'].rate
  const toNbdkit = ours.rate / peers.nbdkit.rate
  const verdict = ratio >= goal && toNbdkit >= 1 && ours.p99 <= peers['qemu-nbd'].p99
  return (
    `${name.padEnd(22)} ours ${shown(ours)}   qemu-nbd ${shown(peers['qemu-nbd'])}   ` +
    `nbdkit ${shown(peers.nbdkit)}   ratio ${ratio.toFixed(2)} (goal ${goal}), ` +
    `to nbdkit ${toNbdkit.toFixed(2)}: ${verdict ? 'met' : 'missed'}`
  )
}

function shown({ rate, p99 }: Figures): string {
  return `${Math.round(rate)}/s p99 ${Math.round(p99)} us`
}
