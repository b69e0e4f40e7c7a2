// Held sockets: for how long they are left unread, and that they do not come back all at once.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { HeldSockets } from '../../../gateway/http/held-sockets.ts'

const TICK_MS = 25

describe('in a crowd', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Holds `count` sockets at once; which of them are read again. */
  function holdAll(held: HeldSockets, count: number): number[] {
    const back: number[] = []
    for (let number = 0; number < count; number++) {
      const socket = { destroyed: false, pause: () => socket, resume: () => back.push(number) }
      held.hold(socket as unknown as Socket)
    }
    return back
  }

  test('nobody comes back within a second, and then a thousand a second do, in order', () => {
    const back = holdAll(new HeldSockets(), 3_000)
    vi.advanceTimersByTime(1_000 - TICK_MS)
    expect(back).toEqual([])
    vi.advanceTimersByTime(1_000)
    expect(back.length).toBeGreaterThan(900)
    expect(back.length).toBeLessThanOrEqual(1_000)
    vi.advanceTimersByTime(2_000 + 2 * TICK_MS)
    expect(back).toEqual(Array.from({ length: 3_000 }, (_, number) => number))
  })

  test('nobody waits longer than five seconds, however many there are', () => {
    const held = new HeldSockets()
    const back = holdAll(held, 20_000)
    vi.advanceTimersByTime(5_000 + 2 * TICK_MS)
    expect([back.length, held.count]).toEqual([20_000, 0])
  })

  test('all come back at once when the server closes', () => {
    const held = new HeldSockets()
    const back = holdAll(held, 100)
    held.releaseAll()
    expect([back.length, held.count]).toEqual([100, 0])
  })
})

test('a socket that is held is read again when its time is over', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  const shortly = new HeldSockets([1, 2])
  const received = once(accepted, 'data')
  shortly.hold(accepted)
  shortly.hold(accepted)
  expect([shortly.count, accepted.isPaused()]).toEqual([1, true])
  client.write('hello')
  expect(String((await received)[0])).toBe('hello')
  expect(shortly.count).toBe(0)
  client.destroy()
  server.close()
})
