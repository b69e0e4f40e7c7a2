// A network that loses requests before and answers after they took effect: no key ever reserves twice.
import { expect } from 'vitest'
import type { HoldfastError } from '../../../gateway/client/errors.ts'
import type { ReserveRequest } from '../../../gateway/client/holdfast-client.ts'
import type { ReservationResult } from '../../../gateway/client/reservations.ts'
import { type Random, randomTest } from '../../fixtures/seed.ts'
import { type TestApp, testApps } from '../../fixtures/test-app.ts'
import { granted, testClients } from './clients.ts'
import {
  endScriptedServersAfterEach,
  problem,
  type Reaction,
  reset,
  ScriptedServer,
  text,
} from './scripted-server.ts'

const startApp = testApps()
const newClient = testClients()
endScriptedServersAfterEach()

/** Loses a share of the requests, executes the others, and loses a share of the answers. */
function lossy(app: TestApp, random: Random): Reaction {
  const losses: readonly Reaction[] = [reset, problem(503, 'busy'), text(502, 'bad gateway')]
  return async (response, received) => {
    if (random.oneIn(4)) return random.pick(losses)(response, received)
    const { method, url, text: payload } = received
    const headers = { 'content-type': 'application/json' }
    const reply = await app.call({ method: method as 'POST', url, payload, headers })
    if (random.oneIn(4)) return random.pick([reset, text(504, '')])(response, received)
    if (random.oneIn(8)) return text(200, reply.text.slice(0, -20))(response, received)
    return text(reply.status, reply.text)(response, received)
  }
}

randomTest(
  'every call comes to one effect, or to an open end that its key settles',
  async (random) => {
    const app = await startApp()
    await app.open(1_000_000)
    const server = await ScriptedServer.start([lossy(app, random)])
    const client = newClient(server.url, { deadlineMs: 20_000, inFlightMax: 4 })
    const ids = new Set<string>()
    const open: ReserveRequest[] = []
    let replays = 0

    const note = (result: ReservationResult) => {
      const { id, isReplay } = granted(result)
      expect(ids.has(id), 'one id per key').toBe(false)
      ids.add(id)
      if (isReplay) replays++
    }
    const buy = async (number: number) => {
      const request = { sku: 'shoe', buyer: `buyer-${number % 50}`, quantity: 1 }
      await client.reserve(request).then(note, (fault: HoldfastError) => {
        expect([fault.code, fault.mayHaveHappened]).toEqual(['bad_answer', true])
        open.push({ ...request, key: fault.key })
      })
    }
    // In small crowds, so that many batches meet their fate.
    for (let crowd = 0; crowd < 30; crowd++) {
      const buyers = Array.from({ length: random.integer(1, 40) }, (_, one) =>
        buy(crowd * 40 + one),
      )
      await Promise.all(buyers)
    }
    expect(replays, 'some answers were lost').toBeGreaterThan(0)
    const before = app.state.reservations.count
    expect(before).toBeGreaterThanOrEqual(ids.size)
    expect(before).toBeLessThanOrEqual(ids.size + open.length)

    const honest = newClient(await app.app.listen({ port: 0, host: '127.0.0.1' }))
    for (const id of ids) expect(granted(await honest.get(id)).isReplay).toBe(false)
    for (const request of open) note(await honest.reserve(request))
    expect(await app.units()).toEqual([1_000_000 - ids.size, ids.size, 0])
    expect(app.state.reservations.count).toBe(ids.size)
  },
)
