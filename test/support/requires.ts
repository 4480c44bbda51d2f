/*
 * Tests that need more of the machine than Node say what; where it is not there they are skipped,
 * and the summary at the end of the run tells each reason. This is the one way to skip a test.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, inject } from 'vitest'
import { projectRoot } from '../../build/lib/project'
import { findProgram } from '../../build/system/packages'

declare module 'vitest' {
  interface TaskMeta {
    /** Why the tests of this suite do not run on this machine. */
    skipReason?: string
  }
}

/** Says why a need is not met, or undefined where it is. */
type Probe = () => string | undefined

/** The program lies in PATH or in one of the administrator's folders. */
export function program(name: string): Probe {
  return () => (findProgram(name) === undefined ? `${name} is not installed` : undefined)
}

/** Mounting a file system, making a device: only for root. */
export const root: Probe = () =>
  process.getuid?.() === 0 ? undefined : 'only root can prepare what this test needs'

/** A small file system in memory can be mounted. Some containers keep even root from that. */
export const tmpfs: Probe = () => {
  const folder = mkdtempSync(join(tmpdir(), 'add-cow-mount-'))
  try {
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status !== 0) {
      return 'no file system can be mounted here'
    }
    spawnSync('umount', [folder])
    return undefined
  } finally {
    rmdirSync(folder)
  }
}

/** System calls that only Linux has. */
export const linux: Probe = () =>
  process.platform === 'linux' ? undefined : `needs Linux, and this is ${process.platform}`

/** The file can be read and written, such as `/dev/kvm`. */
export function access(path: string): Probe {
  return () => {
    try {
      accessSync(path, constants.R_OK | constants.W_OK)
      return undefined
    } catch {
      return `${path} cannot be opened`
    }
  }
}

/** The file is there, else the reason is what is told. */
export function file(path: string, reason: string): Probe {
  return () => (existsSync(path) ? undefined : reason)
}

/** A clone of the repository, and git to list its files with; a released archive has neither. */
export const gitCheckout: Probe = () =>
  existsSync(join(projectRoot, '.git')) ? program('git')() : 'this is no clone of the repository'

/** An Electron to start, and a display to show its window on. Only in tests under test/e2e. */
export const electron: Probe = () => inject('electron').missing

/** A `describe` whose tests run only where all that they need is there. */
export function describeNeeding(
  needs: Probe | readonly Probe[],
  name: string,
  body: () => void,
): void {
  const probes = typeof needs === 'function' ? [needs] : needs
  const reasons = probes.map((probe) => probe()).filter((reason) => reason !== undefined)
  if (reasons.length === 0) describe(name, body)
  else describe(name, { skip: true, meta: { skipReason: reasons.join('; ') } }, body)
}
