/*
 * `npm run bench`: the same work by add-cow-img and by qemu-img, in turns, page cache warm, as
 * ratios of medians. Sizes and rounds can be given, and one part (images, qcow2, nbd, wide or
 * window): `npm run bench -- --gib 4 --rounds 7 --only nbd`. Figures go to out/bench/. The part
 * wide makes a disk of `--extents` MiB with as many extents, and takes 5 GiB and minutes to make
 * it.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { buildCommandLineIfNeeded } from '../../build/lib/build'
import { main, outFolder, say, ScriptError } from '../../build/lib/project'
import { install, missingTestPrograms } from '../../build/system/packages'
import { type Contest, runContests } from './harness'
import { runNbdBench } from './nbd'
import { qcow2Contests } from './qcow2'
import { copy, makeTwins, type Twins } from './twins'
import { makeWideTwins, type WideTwins } from './wide-twins'
import { runWindowBench } from './window'

const run = promisify(execFile)
const cli = join(outFolder, 'cli/add-cow-img.js')
const GIB = 1024 ** 3

async function ours(...args: string[]): Promise<void> {
  await run(process.execPath, [cli, ...args], { maxBuffer: GIB })
}

async function theirs(...args: string[]): Promise<void> {
  await run('qemu-img', args, { maxBuffer: GIB })
}

/** Runs our program, and says what memory it had at the most. */
async function tellPeakMemory(...args: string[]): Promise<void> {
  // what getrusage(2) tells is at least what the parent had when it made the process
  const peak = `/VmHWM:\\s+(\\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1]`
  const atExit = `import fs from 'node:fs'; process.on('exit', () => console.error(${peak}))`
  const watched = ['--import', `data:text/javascript,${encodeURIComponent(atExit)}`, cli, ...args]
  const { stderr } = await run(process.execPath, watched, { maxBuffer: GIB })
  const kib = Number(stderr.trim().split('\n').at(-1))
  say(`Peak memory of ${args.join(' ')}: ${(kib / 1024).toFixed(0)} MiB`)
}

function contests(twins: Twins): Contest[] {
  const at = (name: string): string => join(twins.directory, name)
  const nothing = (): Promise<void> => Promise.resolve()
  const remove = async (...names: string[]): Promise<void> => {
    for (const name of names) await rm(at(name), { force: true })
  }
  return [
    {
      name: 'export to raw',
      peer: 'qemu-img convert',
      goal: 0.6,
      prepare: () => remove('ours.raw', 'theirs.raw'),
      ours: () => ours('convert', '-O', 'raw', twins.addCow, at('ours.raw')),
      // ours ends with everything on the disk, this peer with a promise: with -t writeback it would
      theirs: () => theirs('convert', '-O', 'raw', twins.qcow2, at('theirs.raw')),
    },
    {
      name: 'export, both durable',
      peer: 'qemu-img convert -t writeback',
      goal: 0.6,
      prepare: () => remove('ours.raw', 'theirs.raw'),
      ours: () => ours('convert', '-O', 'raw', twins.addCow, at('ours.raw')),
      theirs: () =>
        theirs('convert', '-t', 'writeback', '-O', 'raw', twins.qcow2, at('theirs.raw')),
    },
    {
      name: 'export',
      peer: 'cp --sparse=always',
      goal: 1.15,
      // what is copied is the disk as a raw file: exported once
      prepare: async () => {
        await remove('copy.raw', 'ours.raw')
        if (!existsSync(at('whole.raw'))) {
          await ours('convert', '-O', 'raw', twins.addCow, at('whole.raw'))
          // into the page cache, which a direct write goes past
          await run('sh', ['-c', 'cat "$0" > /dev/null', at('whole.raw')])
        }
      },
      ours: () => ours('convert', '-O', 'raw', twins.addCow, at('ours.raw')),
      theirs: async () => {
        await run('cp', ['--sparse=always', '--reflink=never', at('whole.raw'), at('copy.raw')])
      },
    },
    {
      name: 'flatten in place',
      peer: 'qemu-img rebase',
      goal: 0.4,
      // an overlay names its files relative to itself: copies of all three in a folder of their own
      prepare: async () => {
        await rm(at('copy'), { recursive: true, force: true })
        await mkdir(at('copy'))
        for (const name of ['x.add-cow', 'x.raw', 'twin.qcow2']) copy(at(name), at(`copy/${name}`))
        await symlink(at('base.raw'), at('copy/base.raw'))
        // else whoever comes first pays for bringing the copies to the disk
        await run('sync', [at('copy/x.add-cow'), at('copy/x.raw'), at('copy/twin.qcow2')])
      },
      ours: () => ours('flatten', at('copy/x.add-cow')),
      theirs: () => theirs('rebase', '-f', 'qcow2', '-b', '', at('copy/twin.qcow2')),
    },
    {
      name: 'map',
      peer: 'qemu-img map',
      goal: 0.5,
      prepare: nothing,
      ours: () => ours('map', '--output=json', twins.addCow),
      theirs: () => theirs('map', '--output=json', twins.qcow2),
    },
    {
      name: 'check',
      peer: 'qemu-img check',
      goal: 0.5,
      prepare: nothing,
      ours: () => ours('check', twins.addCow),
      theirs: () => theirs('check', twins.qcow2),
    },
  ]
}

/** A million extents: what is done with the tables alone. */
function wideContests({ addCow, qcow2 }: WideTwins): Contest[] {
  const prepare = (): Promise<void> => Promise.resolve()
  const peerMap = {
    peer: 'qemu-img map',
    goal: 0.5,
    prepare,
    theirs: () => theirs('map', '--output=json', qcow2),
  }
  return [
    { ...peerMap, name: 'map, wide', ours: () => ours('map', '--output=json', addCow) },
    { ...peerMap, name: 'measure, wide', ours: () => ours('measure', addCow) },
    {
      name: 'check, wide',
      peer: 'qemu-img check',
      goal: 0.5,
      prepare,
      ours: () => ours('check', addCow),
      theirs: () => theirs('check', qcow2),
    },
  ]
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      gib: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '7' },
      only: { type: 'string' },
      extents: { type: 'string', default: '1048576' },
    },
  })
  if (!(await install(missingTestPrograms()))) throw new ScriptError('The peers are not installed.')
  await buildCommandLineIfNeeded()
  const directory = await mkdtemp(join(tmpdir(), 'add-cow-bench-'))
  try {
    const rounds = Number(values.rounds)
    const wanted = (part: string): boolean => values.only === undefined || values.only === part
    if (wanted('window')) {
      await runWindowBench(directory, rounds)
      if (values.only !== undefined) return 0
    }
    if (wanted('wide')) {
      say(`Making a disk of ${values.extents} extents and its qcow2 twin.`)
      const wide = await makeWideTwins(directory, Number(values.extents))
      await runContests(wideContests(wide), rounds, 'wide')
      await tellPeakMemory('map', '--output=json', wide.addCow)
      await tellPeakMemory('measure', wide.addCow)
      await tellPeakMemory('check', wide.addCow)
      if (values.only !== undefined) return 0
    }
    say(`Making a disk of ${values.gib} GiB and its qcow2 twin.`)
    const twins = await makeTwins(directory, Number(values.gib) * GIB)
    if (wanted('images')) await runContests(contests(twins), rounds, 'images')
    if (wanted('qcow2')) {
      say('The same size as qcow2, plain and compressed.')
      const reading = qcow2Contests(directory, Number(values.gib) * GIB)
      await runContests(reading, rounds, 'qcow2')
    }
    if (wanted('nbd')) {
      say('The same disk, served over NBD.')
      await runNbdBench(twins, rounds)
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  return 0
})
