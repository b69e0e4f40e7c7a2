// A gateway's port while nats-server is gone, comes back, and goes again under load.
import { describe, expect, test } from 'vitest'
import { open, readSku, reserve } from '../../fixtures/commands.ts'
import { loneGateways, rightAnswers, someView, turn } from '../../fixtures/lone-gateway.ts'
import { testNats } from '../../fixtures/nats.ts'
import { answersOf, ask, submitAll } from '../../fixtures/noted-ticket.ts'
import { remoteShops } from '../../fixtures/remote-shop.ts'
import { scriptedOwner } from '../../fixtures/scripted-owner.ts'

const nats = testNats()
const start = remoteShops()
const gateway = loneGateways()
const DEADLINE = { timeout: 20_000 }

const fault = (code: string) => ({ kind: 'fault', code })

describe('while NATS is down', () => {
  test('commands are refused at once, and nothing of them is sent later', async () => {
    const own = await nats.server()
    const { remote, link, cluster } = await gateway({ deadlineMs: 60_000 }, own.url)
    await own.kill()
    await expect.poll(() => link.isUp, DEADLINE).toBe(false)
    const refused = submitAll(remote, [reserve('k1'), reserve('k2')])
    for (const { answers } of refused) expect(answers).toEqual([fault('partition_unavailable')])
    expect(remote.unreadyReasons()).toEqual(['nats_down'])
    await own.start()
    const spying = await nats.link(own)
    const seen = await scriptedOwner(spying, cluster, (frame) => frame.reply(rightAnswers(frame)))
    await expect.poll(() => link.isUp, DEADLINE).toBe(true)
    expect(remote.unreadyReasons()).toEqual([])
    expect(await ask(remote, readSku())).toEqual([someView])
    expect(seen.map(({ frame }) => frame.commands)).toEqual([[readSku()]])
    await answersOf(refused)
  })

  test('what waits for a frame is refused, what was sent is sent again when it is back', async () => {
    const own = await nats.server()
    const { remote, link, cluster } = await gateway({ deadlineMs: 20_000 }, own.url)
    const silent = await scriptedOwner(await nats.link(own), cluster)
    const sent: ReturnType<typeof submitAll> = []
    for (let frame = 0; frame < 16; frame++) {
      sent.push(...submitAll(remote, [readSku()]))
      await turn()
    }
    const waiting = submitAll(remote, [reserve('never')])
    await expect.poll(() => silent.length, DEADLINE).toBe(16)
    await own.kill()
    await expect.poll(() => link.isUp, DEADLINE).toBe(false)
    expect(await answersOf(waiting)).toEqual([fault('partition_unavailable')])
    for (const { answers } of sent) expect(answers).toEqual([])
    await own.start()
    const seen = await scriptedOwner(await nats.link(own), cluster, (each) =>
      each.reply(rightAnswers(each)),
    )
    expect(await answersOf(sent)).toEqual(sent.map(() => someView))
    expect(seen.flatMap(({ frame }) => frame.commands)).not.toContainEqual(reserve('never'))
  })

  test('and back again, under load: every command is answered once, every promise kept once', async () => {
    const own = await nats.server()
    const { remote, shop, far } = await start({ gateway: { deadlineMs: 1_000 } }, own)
    await ask(remote, open(1_000_000))
    const tickets: ReturnType<typeof submitAll> = []
    let isSelling = true
    const load = async () => {
      for (let number = 0; isSelling; number++) {
        const keys = Array.from({ length: 20 }, (_, index) => `k${number}-${index}`)
        tickets.push(
          ...submitAll(
            remote,
            keys.map((key) => reserve(key)),
          ),
        )
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
    const selling = load()
    for (let round = 0; round < 3; round++) {
      const before = shop.state.lastSeq
      await expect.poll(() => shop.state.lastSeq, DEADLINE).toBeGreaterThan(before + 200)
      await own.kill()
      await expect.poll(() => far.gatewayLink.isUp, DEADLINE).toBe(false)
      await own.start()
    }
    const before = shop.state.lastSeq
    await expect.poll(() => shop.state.lastSeq, DEADLINE).toBeGreaterThan(before + 200)
    isSelling = false
    await selling
    const answers = await answersOf(tickets)
    const held = answers.flatMap((answer) => (answer.kind === 'reservation' ? [answer.id] : []))
    expect(held.length).toBeGreaterThan(500)
    for (const id of held) expect(shop.state.rowOf(id)).toBeGreaterThanOrEqual(0)
    expect(new Set(held.map((id) => JSON.stringify(id))).size).toBe(held.length)
    const unknown = answers.filter(
      (answer) => answer.kind === 'fault' && answer.code === 'outcome_unknown',
    )
    const made = shop.state.lastSeq - 1
    expect(made, 'what is not acknowledged is unknown').toBeGreaterThanOrEqual(held.length)
    expect(made).toBeLessThanOrEqual(held.length + unknown.length)
    const others = answers.filter(
      (answer) => answer.kind !== 'reservation' && answer.kind !== 'fault',
    )
    expect(others).toEqual([])
  })
})
