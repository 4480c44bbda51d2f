import { buildCommandLineIfNeeded } from '../../build/lib/build'

/** Once a run, before any test: the command line tool as people run it. */
export default async function setup(): Promise<void> {
  await buildCommandLineIfNeeded()
}
