/*
 * Entry of a worker thread: answers the calls of the main process, any number at a time. The same
 * code serves the thread that lives as long as the application, for short calls, and the one that
 * is started for each job.
 */
import { parentPort } from 'node:worker_threads'
import { nodeHost, planJob, runJob, toErrorData } from '../../engine'
import type { Calls, CallName, FromWorker, ToWorker } from './calls'
import { findFiles } from './find-files'
import { limitRate } from './limit-rate'
import { makeSample } from './sample/make-sample'
import { scanImage } from './scan-image'

/** Progress goes out at most this often a job, as nobody reads faster. */
const PROGRESS_INTERVAL_MS = 100

interface Context {
  readonly signal: AbortSignal
  readonly tell: (message: FromWorker) => void
}

type Handlers = {
  readonly [Name in CallName]: (
    request: Calls[Name]['request'],
    id: number,
    context: Context,
  ) => Promise<Calls[Name]['result']>
}

const handlers: Handlers = {
  scan: ({ path }) => scanImage(nodeHost, path),
  find: ({ paths }) => findFiles(paths),
  plan: (request) => planJob(nodeHost, request),
  run: (request, id, { signal, tell }) => {
    const report = limitRate(PROGRESS_INTERVAL_MS, (progress) => {
      tell({ type: 'progress', id, progress })
    })
    return runJob(nodeHost, request, { signal, report })
  },
  makeSample: ({ parent }) => makeSample(nodeHost, parent),
}

function call<Name extends CallName>(
  message: { id: number; name: Name; request: Calls[Name]['request'] },
  context: Context,
): Promise<Calls[Name]['result']> {
  return handlers[message.name](message.request, message.id, context)
}

function serve(port: NonNullable<typeof parentPort>): void {
  const running = new Map<number, AbortController>()
  const tell = (message: FromWorker): void => port.postMessage(message)

  async function answer(message: ToWorker & { type: 'call' }): Promise<void> {
    const { id } = message
    const controller = new AbortController()
    running.set(id, controller)
    try {
      const result = await call(message, { signal: controller.signal, tell })
      tell({ type: 'done', id, result })
    } catch (error) {
      tell({ type: 'failed', id, error: toErrorData(error) })
    } finally {
      running.delete(id)
    }
  }

  port.on('message', (message: ToWorker) => {
    if (message.type === 'cancel') running.get(message.id)?.abort()
    else void answer(message)
  })
}

if (parentPort === null) throw new Error('This file is the entry of a worker thread')
serve(parentPort)
