import { expect, test } from 'vitest'
import { RangeLock } from '../../../engine/base/range-lock'

/** Work that is under way until it is told to end, and what has begun and ended so far. */
class Stage {
  readonly events: string[] = []
  private readonly ends = new Map<string, { resolve: () => void; reject: (e: Error) => void }>()

  work(name: string): () => Promise<string> {
    return async () => {
      this.events.push(`${name} begins`)
      await new Promise<void>((resolve, reject) => {
        this.ends.set(name, { resolve, reject })
      })
      this.events.push(`${name} ends`)
      return name
    }
  }

  async end(name: string, error?: Error): Promise<void> {
    const end = this.ends.get(name)
    if (end === undefined) throw new Error(`${name} has not begun`)
    if (error === undefined) end.resolve()
    else end.reject(error)
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
  }
}

test('holders of ranges that overlap follow each other in the order they came in', async () => {
  const lock = new RangeLock()
  const stage = new Stage()
  const all = [
    lock.run({ offset: 0, length: 10 }, stage.work('a')),
    lock.run({ offset: 9, length: 10 }, stage.work('b')),
    lock.run({ offset: 15, length: 10 }, stage.work('c')),
  ]
  expect(stage.events).toEqual(['a begins'])
  await stage.end('a')
  expect(stage.events).toEqual(['a begins', 'a ends', 'b begins'])
  await stage.end('b')
  await stage.end('c')
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c'])
  expect(stage.events.slice(2)).toEqual(['b begins', 'b ends', 'c begins', 'c ends'])
})

test('one who waits keeps out those who come later for any of its bytes', async () => {
  const lock = new RangeLock()
  const stage = new Stage()
  const all = [
    lock.run({ offset: 0, length: 10 }, stage.work('a')),
    lock.run({ offset: 5, length: 10 }, stage.work('b')),
    lock.run({ offset: 12, length: 1 }, stage.work('c')),
  ]
  expect(stage.events).toEqual(['a begins'])
  await stage.end('a')
  await stage.end('b')
  await stage.end('c')
  await Promise.all(all)
  expect(stage.events.indexOf('b ends')).toBeLessThan(stage.events.indexOf('c begins'))
})

test('holders of neighbouring ranges do not meet', async () => {
  const lock = new RangeLock()
  const stage = new Stage()
  const all = [
    lock.run({ offset: 0, length: 10 }, stage.work('a')),
    lock.run({ offset: 10, length: 10 }, stage.work('b')),
  ]
  expect(stage.events).toEqual(['a begins', 'b begins'])
  await stage.end('b')
  await stage.end('a')
  await Promise.all(all)
})

test('work that is done at once is answered at once', () => {
  const lock = new RangeLock()
  const range = { offset: 0, length: 10 }
  expect(lock.run(range, () => 1)).toBe(1)
  expect(lock.run(range, () => 2)).toBe(2)
  const fails = (): number => {
    throw new Error('at once')
  }
  expect(() => lock.run(range, fails)).toThrow('at once')
  expect(lock.run(range, () => 3)).toBe(3)
})

test('work that would be done at once waits all the same for one that came earlier', async () => {
  const lock = new RangeLock()
  const stage = new Stage()
  const first = lock.run({ offset: 0, length: 10 }, stage.work('a'))
  const second = lock.run({ offset: 0, length: 1 }, () => {
    stage.events.push('b')
  })
  expect(stage.events).toEqual(['a begins'])
  await stage.end('a')
  await Promise.all([first, second])
  expect(stage.events).toEqual(['a begins', 'a ends', 'b'])
})

test('a failure lets the next one in, and reaches its own caller alone', async () => {
  const lock = new RangeLock()
  const stage = new Stage()
  const first = Promise.resolve(lock.run({ offset: 0, length: 10 }, stage.work('a')))
  const second = lock.run({ offset: 0, length: 10 }, stage.work('b'))
  const failed = expect(first).rejects.toThrow('disk on fire')
  await stage.end('a', new Error('disk on fire'))
  await failed
  await stage.end('b')
  expect(await second).toBe('b')
  expect(lock.run({ offset: 0, length: 10 }, () => 'free')).toBe('free')
})
