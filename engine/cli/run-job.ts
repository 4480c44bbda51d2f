import { runJob } from '../job/jobs'
import type { JobRequest, JobResult } from '../model/job'
import type { Cli } from './cli'
import { ProgressLine } from './progress'

/**
 * Does a job in the foreground: Ctrl-C cancels it, `progress` draws how far it is. Errors: those of
 * runJob.
 */
export async function runHere(cli: Cli, request: JobRequest, progress = false): Promise<JobResult> {
  const { stderr, cancellation } = cli.surroundings
  const line = new ProgressLine(stderr, progress)
  const control = { signal: cancellation(), report: line.show.bind(line) }
  try {
    return await runJob(cli.host, request, control)
  } finally {
    line.end()
  }
}
