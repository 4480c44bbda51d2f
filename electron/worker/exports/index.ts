/*
 * Entry of the thread of one export: serves one disk from `open` to `close`, and tells the main
 * process what is different now. It is alone in here: what goes wrong with it harms nothing else.
 */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { EngineError, type Host, toErrorData } from '../../../engine'
import type {
  ExportCallMessage,
  ExportCallName,
  ExportCalls,
  ExportDoneMessage,
  FromExport,
  ServedState,
  ToExport,
} from './calls'
import { LearntTrust } from '../trust'
import { ServedDisk } from './served-disk'

/** How often the figures are looked at: nobody reads faster. */
const LOOK_INTERVAL_MS = 500

type Handlers = {
  readonly [Name in ExportCallName]: (
    request: ExportCalls[Name]['request'],
    host: Host,
  ) => Promise<ExportCalls[Name]['result']>
}

const trust = new LearntTrust()

function handlersFor(tell: (message: FromExport) => void): Handlers {
  let served: ServedDisk | undefined
  let told = ''

  function present(): ServedDisk {
    if (served === undefined) throw new EngineError('internal', 'Nothing is served in here')
    return served
  }
  function look(): void {
    if (served === undefined) return
    const state = served.state()
    const text = JSON.stringify(state)
    if (text === told) return
    told = text
    tell({ type: 'state', state })
  }
  const timer = setInterval(look, LOOK_INTERVAL_MS)
  async function change(work: (disk: ServedDisk) => Promise<void>): Promise<ServedState> {
    const disk = present()
    await work(disk)
    return disk.state()
  }

  return {
    open: async (options, host) => {
      served = await ServedDisk.open(host, options, (error) => tell({ type: 'failure', error }))
      return served.state()
    },
    planSnapshot: (files) => present().planSnapshot(files),
    snapshot: (files) => change((disk) => disk.snapshot(files)),
    flatten: ({ bytesPerSecond }) => change((disk) => disk.flatten(bytesPerSecond)),
    stopFlatten: () => change((disk) => disk.stopFlatten()),
    grow: ({ size }) => change((disk) => disk.grow(size)),
    close: async () => {
      clearInterval(timer)
      await served?.close()
      return undefined
    },
  }
}

function serve(port: MessagePort): void {
  const tell = (message: FromExport): void => port.postMessage(message)
  const handlers = handlersFor(tell)

  async function perform<Name extends ExportCallName>({
    id,
    name,
    request,
    host: { cacheBytes, trust: news },
  }: ExportCallMessage<Name>): Promise<ExportDoneMessage<Name>> {
    trust.learn(news)
    const result = await handlers[name](request, { ...trust.host, cacheBytes })
    return { type: 'done', id, name, result }
  }

  async function answer(message: ToExport): Promise<void> {
    const { id, name } = message
    try {
      port.postMessage(await perform(message))
    } catch (error) {
      tell({ type: 'failed', id, name, error: toErrorData(error) })
    }
  }

  port.on('message', (message: ToExport) => void answer(message))
}

if (parentPort === null) throw new Error('This file is the entry of a worker thread')
serve(parentPort)
