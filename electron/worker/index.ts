/*
 * Entry of a worker thread: answers the calls of the main process, any number at a time. The same
 * code serves the thread that lives as long as the application, for short calls, and the one that
 * is started for each job.
 */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { type JobProgress, nodeHost, planJob, runJob, toErrorData } from '../../engine'
import type { CallMessage, CallName, Calls, DoneMessage, FromWorker, ToWorker } from './calls'
import { findFiles } from './find-files'
import { handedOver } from './handed-over'
import { limitRate } from './limit-rate'
import { DiskMaps } from './map/disk-maps'
import { signatureOf } from './signature'
import { makeSample } from './sample/make-sample'
import { scanImage } from './scan-image'

/** Progress goes out at most this often a job, as nobody reads faster. */
const PROGRESS_INTERVAL_MS = 100

interface Control {
  readonly signal: AbortSignal
  readonly report: (progress: JobProgress) => void
}

type Handlers = {
  readonly [Name in CallName]: (
    request: Calls[Name]['request'],
    control: Control,
  ) => Promise<Calls[Name]['result']>
}

const maps = new DiskMaps(nodeHost)

const handlers: Handlers = {
  scan: ({ path, knownBase }) => scanImage(nodeHost, path, knownBase),
  signatures: ({ lists }) => Promise.all(lists.map(signatureOf)),
  find: ({ paths }) => findFiles(paths),
  plan: (request) => planJob(nodeHost, request),
  run: (request, control) => runJob(nodeHost, request, control),
  makeSample: ({ parent }) => makeSample(nodeHost, parent),
  map: ({ path }, control) => maps.open(path, control),
  mapTile: ({ path, ...cells }) => maps.tile(path, cells),
  mapExtents: ({ path, first, count }) => maps.extents(path, first, count),
  mapExtentAt: ({ path, offset }) => maps.extentAt(path, offset),
  readBytes: ({ path, offset, length }) => maps.bytes(path, offset, length),
}

async function perform<Name extends CallName>(
  { id, name, request }: CallMessage<Name>,
  control: Control,
): Promise<DoneMessage<Name>> {
  return { type: 'done', id, name, result: await handlers[name](request, control) }
}

function serve(port: MessagePort): void {
  const running = new Map<number, AbortController>()
  const tell = (message: FromWorker): void => port.postMessage(message)

  async function answer(message: ToWorker & { type: 'call' }): Promise<void> {
    const { id, name } = message
    const controller = new AbortController()
    const report = limitRate(PROGRESS_INTERVAL_MS, (progress) => {
      tell({ type: 'progress', id, progress })
    })
    running.set(id, controller)
    try {
      const done = await perform(message, { signal: controller.signal, report })
      port.postMessage(done, handedOver(done.result))
    } catch (error) {
      tell({ type: 'failed', id, name, error: toErrorData(error) })
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
