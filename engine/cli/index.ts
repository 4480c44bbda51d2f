#!/usr/bin/env -S node --max-semi-space-size=4
import { homedir } from 'node:os'
import { machineHost } from '../nbd/machine-host'
import { AgreedNames, agreedNamesPath } from './agreed-names'
import { CANCELLED, runCli } from './program'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

let received: NodeJS.Signals | undefined
let controller: AbortController | undefined

/**
 * From the first call on, the first signal cancels what is under way, and a second one ends the
 * program as if nothing was set. A command that only reads never asks, and ends at the first.
 */
function cancellation(): AbortSignal {
  if (controller !== undefined) return controller.signal
  controller = new AbortController()
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      received ??= signal
      controller?.abort()
    })
  }
  return controller.signal
}

const agreed = await AgreedNames.load(agreedNamesPath(process.env, homedir()))

process.exitCode = await runCli(process.argv.slice(2), {
  host: machineHost({ files: 'any', names: agreed.names }),
  agree: (name) => agreed.add(name),
  stdout: process.stdout,
  stderr: process.stderr,
  cwd: process.cwd(),
  cancellation,
})

// A shell stops its script only where a signal ended the program: so it is a signal in the end.
if (received !== undefined && process.exitCode === CANCELLED) process.kill(process.pid, received)
