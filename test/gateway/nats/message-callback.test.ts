// A bug in what handles a message ends the process by its own name; the connection does not pay for it.
import type { Msg } from '@nats-io/transport-node'
import { afterEach, expect, test, vi } from 'vitest'
import { messageCallback } from '../../../gateway/nats/message-callback.ts'
import { testNats } from '../../fixtures/nats.ts'

const nats = testNats()
afterEach(() => {
  vi.useRealTimers()
})

test('a throw is thrown a turn later, where nobody catches it', () => {
  vi.useFakeTimers({ toFake: ['setImmediate'] })
  const bug = new Error('a bug')
  const callback = messageCallback(() => {
    throw bug
  })
  expect(() => callback(null, {} as Msg)).not.toThrow()
  expect(() => vi.runAllTimers()).toThrow(bug)
})

test('a denied subscription is no message', () => {
  const messages: Msg[] = []
  const callback = messageCallback((message) => messages.push(message))
  callback(new Error('Permissions Violation'), {} as Msg)
  expect(messages).toEqual([])
})

test('the connection lives on, and the next message comes', async () => {
  const link = await nats.link(await nats.server())
  const later = vi.spyOn(globalThis, 'setImmediate')
  const bugs: unknown[] = []
  const texts: string[] = []
  const callback = messageCallback((message) => {
    if (message.string() === 'bad') throw new Error('a bug')
    texts.push(message.string())
  })
  link.connection.subscribe('subject', {
    callback: (error, message) => {
      later.mockImplementationOnce((run: () => void) => {
        try {
          run()
        } catch (bug) {
          bugs.push(bug)
        }
        return {} as NodeJS.Immediate
      })
      callback(error, message)
      later.mockReset()
    },
  })
  link.connection.publish('subject', 'bad')
  link.connection.publish('subject', 'good')
  await expect.poll(() => texts, { timeout: 20_000 }).toEqual(['good'])
  expect(bugs).toMatchObject([{ message: 'a bug' }])
  expect(link.isUp).toBe(true)
  later.mockRestore()
})
