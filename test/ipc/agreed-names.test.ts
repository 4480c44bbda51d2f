import { expect, test, vi } from 'vitest'
import { AgreedNames } from '../../electron/main/agreed-names'
import { EngineError } from '../../engine'

function asking(target: string): EngineError {
  return new EngineError('chain/needs-consent', 'It leads elsewhere', { path: '/a', target })
}

test('only what an image has asked for can be agreed to, and is kept once', () => {
  const onChange = vi.fn()
  const agreed = new AgreedNames(['/old'], onChange)
  expect(() => agreed.agree('nbd://h/x')).toThrow(/No image has asked for nbd:/)
  agreed.note(asking('nbd://h/x').toData())
  agreed.note(new EngineError('file/missing', 'Gone', { target: '/b' }).toData())
  expect(() => agreed.agree('/b')).toThrow(/No image has asked/)
  agreed.agree('nbd://h/x')
  expect(onChange).toHaveBeenCalledExactlyOnceWith(['/old', 'nbd://h/x'])
  expect([...agreed.names]).toEqual(['/old', 'nbd://h/x'])
  agreed.agree('nbd://h/x')
  expect(onChange).toHaveBeenCalledTimes(1)
})

test('what the person picked needs no question', () => {
  const onChange = vi.fn()
  const agreed = new AgreedNames([], onChange)
  agreed.add('/base.raw')
  agreed.add('/base.raw')
  expect(onChange).toHaveBeenCalledExactlyOnceWith(['/base.raw'])
})

test('a yes can be taken back where it was given, and needs a question to be given again', () => {
  const onChange = vi.fn()
  const agreed = new AgreedNames(['/a', '/b'], onChange)
  expect(() => agreed.withdraw('/c')).toThrow(/was not agreed to/)
  expect(onChange).not.toHaveBeenCalled()
  agreed.withdraw('/a')
  expect(onChange).toHaveBeenCalledExactlyOnceWith(['/b'])
  expect(agreed.names.has('/a')).toBe(false)
  expect(() => agreed.withdraw('/a')).toThrow(/was not agreed to/)
  expect(() => agreed.agree('/a')).toThrow(/No image has asked/)
  agreed.note(asking('/a').toData())
  agreed.agree('/a')
  expect(agreed.names.has('/a')).toBe(true)
})

test('of too many questions the oldest is forgotten', () => {
  const agreed = new AgreedNames([], vi.fn())
  for (let n = 0; n <= 1000; n += 1) agreed.note(asking(`/${n}`).toData())
  expect(() => agreed.agree('/0')).toThrow(/No image has asked/)
  agreed.agree('/1000')
  expect(agreed.names.has('/1000')).toBe(true)
})
