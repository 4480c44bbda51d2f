/*
 * Entry of a worker thread: answers the calls of the main process, any number at a time. The same
 * code serves the thread that lives as long as the application, for short calls, and the one that
 * is started for each job.
 */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { type Host, planJob, runJob, toErrorData } from '../../engine'
import { CallControl } from './call-control'
import type {
  CallMessage,
  CallName,
  Calls,
  DoneMessage,
  FromWorker,
  SteeringMessage,
  ToWorker,
} from './calls'
import { findFiles } from './find-files'
import { handedOver } from './handed-over'
import { KeptScans } from './kept-scans'
import { lookInside } from './look-inside'
import { limitRate } from './limit-rate'
import { DiskMaps } from './map/disk-maps'
import { signatureOf } from './signature'
import { makeSample } from './sample/make-sample'
import { LearntTrust } from './trust'

/** Progress goes out at most this often a job, as nobody reads faster. */
const PROGRESS_INTERVAL_MS = 100

type Handlers = {
  readonly [Name in CallName]: (
    request: Calls[Name]['request'],
    control: CallControl,
    host: Host,
  ) => Promise<Calls[Name]['result']>
}

const trust = new LearntTrust()
const machine = trust.host
const maps = new DiskMaps(machine)
const scans = new KeptScans()

const handlers: Handlers = {
  scan: ({ path, knownBase }, _control, host) => scans.scan(host, path, knownBase),
  look: ({ path, knownBase }, _control, host) => scans.look(host, path, knownBase),
  content: ({ path }, _control, host) => lookInside(host, path),
  signatures: ({ lists }) => Promise.all(lists.map(signatureOf)),
  find: ({ paths }) => findFiles(paths),
  plan: (request, _control, host) => planJob(host, request),
  run: (request, control, host) => runJob(host, request, control),
  makeSample: ({ parent }) => makeSample(machine, parent),
  map: ({ path }, control) => maps.open(path, control),
  mapTile: ({ path, ...cells }) => maps.tile(path, cells),
  mapExtents: ({ path, first, count }) => maps.extents(path, first, count),
  mapExtentAt: ({ path, offset }) => maps.extentAt(path, offset),
  readBytes: ({ path, offset, length }) => maps.bytes(path, offset, length),
}

async function perform<Name extends CallName>(
  { id, name, request, host: { cacheBytes, trust: news } }: CallMessage<Name>,
  control: CallControl,
): Promise<DoneMessage<Name>> {
  if (trust.learn(news)) {
    scans.forget()
    maps.forget()
  }
  const host = { ...machine, cacheBytes }
  return { type: 'done', id, name, result: await handlers[name](request, control, host) }
}

function serve(port: MessagePort): void {
  const running = new Map<number, CallControl>()
  const tell = (message: FromWorker): void => port.postMessage(message)

  async function answer(message: ToWorker & { type: 'call' }): Promise<void> {
    const { id, name } = message
    const report = limitRate(PROGRESS_INTERVAL_MS, (progress) => {
      tell({ type: 'progress', id, progress })
    })
    const control = new CallControl(report)
    running.set(id, control)
    try {
      const done = await perform(message, control)
      port.postMessage(done, handedOver(done.result))
    } catch (error) {
      tell({ type: 'failed', id, name, error: toErrorData(error) })
    } finally {
      running.delete(id)
    }
  }

  port.on('message', (message: ToWorker) => {
    if (message.type === 'call') void answer(message)
    else steer(message, running.get(message.id))
  })
}

function steer({ type }: SteeringMessage, call: CallControl | undefined): void {
  if (type === 'cancel') call?.cancel()
  else call?.setPaused(type === 'pause')
}

if (parentPort === null) throw new Error('This file is the entry of a worker thread')
serve(parentPort)
