import { EventEmitter } from 'node:events'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { EngineThreads } from '../../electron/main/engine-threads'
import { WorkerClient, type WorkerPort } from '../../electron/main/worker-client'
import type { FromWorker, ToWorker } from '../../electron/worker/calls'
import { silentLog } from './support/silent-log'

/** A thread that says what the test says. */
class FakePort extends EventEmitter implements WorkerPort {
  readonly sent: ToWorker[] = []
  terminated = false

  postMessage(message: ToWorker): void {
    this.sent.push(message)
  }

  say(message: FromWorker): void {
    this.emit('message', message)
  }

  terminate(): Promise<void> {
    this.terminated = true
    this.emit('exit', 1)
    return Promise.resolve()
  }
}

const hostSettings = { cacheBytes: 4096, trust: [{ agreed: '/elsewhere/base.raw' }] }

const flatten = { kind: 'flatten', path: '/a', verify: false } as const
const found = { files: [], refused: [] }

describe('a thread', () => {
  let port: FakePort
  const onCrash = vi.fn()
  let client: WorkerClient
  beforeEach(() => {
    port = new FakePort()
    onCrash.mockReset()
    client = new WorkerClient(port, onCrash, () => hostSettings)
  })

  test('answers each call with its own result, in any order', async () => {
    const first = client.call('find', { paths: ['/1'] })
    const second = client.call('find', { paths: ['/2'] })
    expect(port.sent).toMatchObject([
      { type: 'call', id: 1, name: 'find', request: { paths: ['/1'] }, host: hostSettings },
      { type: 'call', id: 2, name: 'find', request: { paths: ['/2'] } },
    ])
    const other = { files: [{ path: '/2', inFolder: false }], refused: [] }
    port.say({ type: 'done', id: 2, name: 'find', result: other })
    port.say({ type: 'done', id: 1, name: 'find', result: found })
    expect(await second.done).toEqual(other)
    expect(await first.done).toEqual(found)
  })

  test('hands on progress, a cancel, a pause, and the error that comes of it', async () => {
    const report = vi.fn()
    const { done, cancel, setPaused } = client.call('run', flatten, report)
    const progress = { phase: 'copying', current: 1, total: 2 } as const
    port.say({ type: 'progress', id: 1, progress })
    expect(report).toHaveBeenCalledExactlyOnceWith(progress)
    cancel()
    expect(port.sent.at(-1)).toEqual({ type: 'cancel', id: 1 })
    setPaused(true)
    setPaused(false)
    expect(port.sent.slice(-2)).toEqual([
      { type: 'pause', id: 1 },
      { type: 'resume', id: 1 },
    ])
    const error = { code: 'job/cancelled', message: 'm', details: {}, state: 'resumable' } as const
    port.say({ type: 'failed', id: 1, name: 'run', error })
    await expect(done).rejects.toMatchObject(error)
  })

  test('that ends fails all that waits for it, and all that comes', async () => {
    const calls = [client.call('find', { paths: [] }).done, client.call('run', flatten).done]
    port.emit('error', new Error('out of memory'))
    port.emit('exit', 1)
    for (const call of [...calls, client.call('find', { paths: [] }).done]) {
      await expect(call).rejects.toMatchObject({
        code: 'internal',
        message: 'A worker thread failed: out of memory',
        state: 'uncertain',
      })
    }
    expect(onCrash).toHaveBeenCalledOnce()
  })

  test('that is closed has not crashed', async () => {
    await client.close()
    expect(onCrash).not.toHaveBeenCalled()
  })

  test('may repeat itself without harm', () => {
    port.say({ type: 'done', id: 7, name: 'find', result: found })
    port.say({ type: 'progress', id: 7, progress: { phase: 'copying', current: 0, total: 0 } })
  })
})

describe('the threads of the engine', () => {
  let ports: FakePort[]
  let threads: EngineThreads
  beforeEach(() => {
    ports = []
    threads = new EngineThreads(
      () => {
        const port = new FakePort()
        ports.push(port)
        return port
      },
      silentLog,
      () => () => hostSettings,
    )
  })

  test('are one for short calls and one more for each job', () => {
    void threads.call('find', { paths: [] })
    void threads.call('find', { paths: [] })
    void threads.run(flatten, vi.fn())
    void threads.run(flatten, vi.fn())
    expect(ports.map((port) => port.sent.length)).toEqual([2, 1, 1])
  })

  test('end with their job, well or badly', async () => {
    const good = threads.run(flatten, vi.fn())
    const bad = threads.run(flatten, vi.fn())
    ports[0]?.say({
      ...{ type: 'done', id: 1, name: 'run' },
      result: { kind: 'flatten', path: '/a' },
    })
    ports[1]?.emit('error', new Error('crash'))
    expect(await good.done).toEqual({ kind: 'flatten', path: '/a' })
    await expect(bad.done).rejects.toMatchObject({ code: 'internal' })
    expect(ports.map((port) => port.terminated)).toEqual([true, true])
  })

  test('come back after a crash', async () => {
    const lost = threads.call('find', { paths: [] })
    ports[0]?.emit('exit', 134)
    await expect(lost).rejects.toMatchObject({
      message: 'A worker thread ended with exit code 134',
    })
    const next = threads.call('find', { paths: [] })
    ports[1]?.say({ type: 'done', id: 1, name: 'find', result: found })
    expect(await next).toEqual(found)
  })

  test('that cannot be started are an error of the call', async () => {
    const none = new EngineThreads(
      () => {
        throw new Error('no threads left')
      },
      silentLog,
      () => () => hostSettings,
    )
    await expect(none.call('find', { paths: [] })).rejects.toThrow('no threads left')
    await expect(none.run(flatten, vi.fn()).done).rejects.toThrow('no threads left')
  })
})
