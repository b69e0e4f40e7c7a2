// What an operator reads when NATS is not to be had, and how often.
import { TimeoutError, UserAuthenticationExpiredError } from '@nats-io/transport-node'
import { afterEach, expect, test, vi } from 'vitest'
import { boundedTrouble, describeTrouble } from '../../../gateway/nats/link-trouble.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('tells the same reason once in 10 s, and another one at once', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const told: string[] = []
  const tell = boundedTrouble((reason) => told.push(reason))
  for (const reason of ['a', 'a', 'b', 'a', 'b']) tell(reason)
  expect(told).toEqual(['a', 'b'])
  vi.advanceTimersByTime(9_999)
  tell('a')
  expect(told).toEqual(['a', 'b'])
  vi.advanceTimersByTime(1)
  tell('a')
  tell('a')
  expect(told).toEqual(['a', 'b', 'a'])
})

test('tells a bounded number of different reasons in 10 s', () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const told: string[] = []
  const tell = boundedTrouble((reason) => told.push(reason))
  for (let count = 0; count < 1_000; count++) tell(`reason ${count}`)
  expect(told).toHaveLength(100)
  vi.advanceTimersByTime(10_000)
  tell('one more')
  expect(told.at(-1)).toBe('one more')
})

test.each([
  [new TimeoutError(), /took the connection but said no word in time/],
  [new UserAuthenticationExpiredError('User Authentication Expired'), /log-in has expired/],
  [Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), /\(ENOTFOUND\).*check --nats/],
  [new Error('outer', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) }), /was cut/],
  [new Error('odd'), /^No connection to nats-server at a:1, b:2 \(odd\)\.$/],
  [undefined, /^No connection to nats-server at a:1, b:2/],
])('%s', (error, words) => {
  expect(describeTrouble(error, ['a:1', 'b:2'])).toMatch(words)
})
