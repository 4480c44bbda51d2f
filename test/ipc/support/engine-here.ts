import type { EngineThreads } from '../../../electron/main/engine-threads'
import type { TrustLog } from '../../../electron/main/trust-log'
import type { CallName, Calls } from '../../../electron/worker/calls'
import { findFiles } from '../../../electron/worker/find-files'
import { scanImage } from '../../../electron/worker/scan-image'
import { signatureOf } from '../../../electron/worker/signature'
import { LearntTrust } from '../../../electron/worker/trust'

type Handlers = {
  readonly [Name in CallName]: (request: Calls[Name]['request']) => Promise<Calls[Name]['result']>
}

const no = (): Promise<never> => Promise.reject(new Error('Nobody calls this in these tests'))

/** What the library asks of the engine's thread, done in this one. */
export function engineHere(log: TrustLog): Pick<EngineThreads, 'call'> {
  const trust = new LearntTrust()
  const news = log.reader()
  const handlers: Handlers = {
    scan: ({ path, knownBase }) => scanImage(trust.host, path, knownBase),
    signatures: ({ lists }) => Promise.all(lists.map(signatureOf)),
    find: ({ paths }) => findFiles(paths),
    ...{ look: no, content: no, plan: no, run: no, makeSample: no, readBytes: no },
    ...{ map: no, mapTile: no, mapExtents: no, mapExtentAt: no },
  }
  return {
    call: (name, request) => {
      trust.learn(news())
      return handlers[name](request)
    },
  }
}
