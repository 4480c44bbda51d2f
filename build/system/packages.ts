/*
 * What the application and its tests need of the system beside npm packages: looked for by what it
 * is (a shared library, a program), installed by Debian's names where that can be done, told as one
 * command where it cannot.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { ScriptError, cacheFolder, say } from '../lib/project'
import { capture } from '../lib/run'

/** Something that is not there, and the Debian packages that bring it. */
export interface Missing {
  /** As a person would name it: `libnss3.so`, `qemu-img`. */
  readonly what: string
  readonly packages: readonly string[]
}

/** Brings every shared library that an Electron of any supported version loads. */
const electronPackages = [
  'libgtk-3-0',
  'libnss3',
  'libasound2',
  'libgbm1',
  'libatk-bridge2.0-0',
  'libcups2',
  'libdrm2',
]

/** Programs that tests compare with or check by, and the package of each. */
const testPrograms: Readonly<Record<string, string>> = {
  'qemu-img': 'qemu-utils',
  'qemu-io': 'qemu-utils',
  'qemu-nbd': 'qemu-utils',
  'qemu-system-x86_64': 'qemu-system-x86',
  mke2fs: 'e2fsprogs',
  e2fsck: 'e2fsprogs',
  debugfs: 'e2fsprogs',
  'fsck.fat': 'dosfstools',
  mcopy: 'mtools',
  'mkfs.xfs': 'xfsprogs',
  'mkfs.btrfs': 'btrfs-progs',
  'mkfs.exfat': 'exfatprogs',
  mkntfs: 'ntfs-3g',
  genisoimage: 'genisoimage',
  cryptsetup: 'cryptsetup-bin',
  sfdisk: 'fdisk',
  nbdkit: 'nbdkit',
  nbdinfo: 'libnbd-bin',
  nbdcopy: 'libnbd-bin',
  fio: 'fio',
  xz: 'xz-utils',
}

/** A disk that a PC boots from, which Debian has as a package. */
export const grubRescueImage = '/usr/lib/grub-rescue/grub-rescue-usb.img'

/** Where a program lies, also those of the administrator's folders; undefined if nowhere. */
export function findProgram(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const candidates = [...folders, '/usr/local/sbin', '/usr/sbin', '/sbin']
  return candidates.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

function missingProgram(name: string, debianPackage: string): readonly Missing[] {
  return findProgram(name) === undefined ? [{ what: name, packages: [debianPackage] }] : []
}

export function missingTestPrograms(): readonly Missing[] {
  if (process.platform !== 'linux') return []
  const programs = Object.entries(testPrograms)
  const missing = programs.flatMap(([name, source]) => missingProgram(name, source))
  if (existsSync(grubRescueImage)) return missing
  return [...missing, { what: grubRescueImage, packages: ['grub-rescue-pc'] }]
}

export function missingXvfb(): readonly Missing[] {
  return missingProgram('Xvfb', 'xvfb')
}

/** The shared libraries that an Electron program cannot find. */
export async function missingLibraries(executable: string): Promise<readonly Missing[]> {
  if (process.platform !== 'linux') return []
  const { stdout } = await capture('ldd', [executable])
  const unresolved = [...stdout.matchAll(/^\s*(\S+) => not found$/gm)].map(
    (match) => match[1] ?? '',
  )
  // Newer ones open GTK only when they run, which ldd does not see.
  const known = await capture(findProgram('ldconfig') ?? 'ldconfig', ['-p'])
  if (known.code === 0 && !known.stdout.includes('libgtk-3.so.0')) unresolved.push('libgtk-3.so.0')
  return [...new Set(unresolved)].map((what) => ({ what, packages: electronPackages }))
}

/**
 * Installs what is missing where this may be done: as root, where there is apt-get. Resolves with
 * true if it was; else says the one command that does it, and resolves with false.
 */
export async function install(missing: readonly Missing[]): Promise<boolean> {
  if (missing.length === 0) return true
  const what = enumerate(missing)
  const packages = [...new Set(missing.flatMap((item) => item.packages))]
  if (findProgram('apt-get') === undefined) {
    say(`Missing on this system: ${what}. Please install them with its package manager.`)
    return false
  }
  if (process.getuid?.() !== 0) {
    say(`Missing on this system: ${what}. This command installs them:`)
    console.log(`\n    sudo apt-get install -y ${(await availableNames(packages)).join(' ')}\n`)
    return false
  }
  say(`Missing on this system: ${what}. Installing ${packages.join(' ')} with apt-get.`)
  await aptGet(['update'])
  await aptGet(['install', '-y', '--no-install-recommends', ...(await availableNames(packages))])
  return true
}

/**
 * In a session of its own and with its words in a file: Ctrl-C ends this script, but an
 * installation cut off half way would have to be mended by hand, so that one goes on to its end.
 */
async function aptGet(args: readonly string[]): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true })
  const logPath = join(cacheFolder(), 'apt-get.log')
  const log = await open(logPath, 'w')
  try {
    const child = spawn('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...args], {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', resolve)
    })
    if (code === 0) return
  } finally {
    await log.close()
  }
  const end = (await readFile(logPath, 'utf8')).trim().split('\n').slice(-5).join('\n')
  throw new ScriptError(`apt-get ${args.join(' ')} failed. The end of ${logPath}:\n${end}`)
}

/** The first few of many: one library that is missing tells as much as thirty. */
function enumerate(missing: readonly Missing[]): string {
  const shown = missing.slice(0, 4).map((item) => item.what)
  const more = missing.length - shown.length
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`
}

/** Newer releases have some of the libraries under a name that ends in t64. */
async function availableNames(packages: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(
    packages.map(async (name) => {
      const { stdout } = await capture('apt-cache', ['policy', `${name}t64`])
      return /Candidate: (?!\(none\))/.test(stdout) ? `${name}t64` : name
    }),
  )
}
