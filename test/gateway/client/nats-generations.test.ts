// The client's fast path when the cluster changes under it: whatever was asked before has no say in what is asked after.
import { afterEach, describe, expect, test } from 'vitest'
import { type NatsTransportOptions, natsTransport } from '../../../gateway/client/nats-transport.ts'
import type { ClientTransport, TransportAnswer } from '../../../gateway/client/transport.ts'
import { encodeAnswer } from '../../../gateway/nats/answer-codec.ts'
import { encodeHello } from '../../../gateway/nats/hello.ts'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import { helloSubject } from '../../../gateway/nats/subjects.ts'
import { someView } from '../../fixtures/lone-gateway.ts'
import { testNats } from '../../fixtures/nats.ts'
import { newCluster } from '../../fixtures/remote-shop.ts'
import { type SeenFrame, scriptedOwner } from '../../fixtures/scripted-owner.ts'

const nats = testNats()
const DEADLINE = { timeout: 20_000 }
const transports: ClientTransport[] = []

afterEach(async () => {
  await Promise.all(transports.splice(0).map((transport) => transport.close()))
})

function newTransport(options: NatsTransportOptions): ClientTransport {
  const transport = natsTransport({ deadlineMs: 20_000, ...options })
  transports.push(transport)
  return transport
}

type OnAsked = (count: number) => void

/** Says that the cluster has one partition; gives how often it was asked. */
function greeter(link: NatsLink, cluster: string, onAsked: OnAsked): () => number {
  const hello = { clusterId: '0'.repeat(32), partition: 0, partitionCount: 1, epoch: 1 }
  let asked = 0
  link.connection.subscribe(helloSubject(cluster, 0), {
    callback: (_error, { reply = '' }) => {
      onAsked(++asked)
      link.publish(reply, encodeHello(hello))
    },
  })
  return () => asked
}

/** Looks a SKU up, again while there is no cluster. */
async function lookUp(transport: ClientTransport, sku: string): Promise<TransportAnswer> {
  const attempt = { signal: AbortSignal.timeout(DEADLINE.timeout), timeoutMs: DEADLINE.timeout }
  for (;;) {
    attempt.signal.throwIfAborted()
    const answer = transport.call({ op: 'look-up-sku', sku }, attempt)
    const given = await answer.catch(() => undefined)
    if (given !== undefined) return given
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** The frame that asks for the SKU; the newest attempt. */
function frameFor(seen: readonly SeenFrame[], sku: string): SeenFrame | undefined {
  return seen.findLast(({ frame }) =>
    frame.commands.some((command) => 'sku' in command && command.sku === sku),
  )
}

async function arrival(seen: readonly SeenFrame[], sku: string): Promise<SeenFrame> {
  await expect.poll(() => frameFor(seen, sku), DEADLINE).toBeDefined()
  const found = frameFor(seen, sku)
  if (found === undefined) throw new Error('it was there a moment ago')
  return found
}

const view = (sku: string) => [encodeAnswer({ ...someView, sku } as typeof someView)]

async function meet(onAsked: OnAsked = () => undefined) {
  const server = await nats.server()
  const link = await nats.link(server)
  const cluster = newCluster()
  const asked = greeter(link, cluster, onAsked)
  const seen = await scriptedOwner(link, cluster)
  return { server, asked, seen, transport: newTransport({ nats: server.url, cluster }) }
}

describe('a cluster that was found again', () => {
  test('is asked under a new name, and answers to what was asked before do not pass for its own', async () => {
    const { transport, seen, asked } = await meet()
    const old = lookUp(transport, 'old')
    const oldFrame = await arrival(seen, 'old')
    const moved = lookUp(transport, 'moved')
    const movedFrame = await arrival(seen, 'moved')
    movedFrame.reply('place')
    expect((await moved).status).toBe(503)
    const fresh = lookUp(transport, 'fresh')
    const freshFrame = await arrival(seen, 'fresh')
    expect(freshFrame.frame.number, 'frames count from 1 again').toBe(oldFrame.frame.number)
    expect(freshFrame.frame.sender).not.toBe(oldFrame.frame.sender)
    oldFrame.reply(view('old'))
    expect((await old).body).toMatchObject({ sku: 'old' })
    // Again, as an owner that has taken two attempts does; nobody waits for it, and its number is that of the fresh one.
    oldFrame.reply(view('old'))
    freshFrame.reply(view('fresh'))
    expect((await fresh).body).toMatchObject({ sku: 'fresh' })
    expect(asked(), 'found twice').toBe(2)
  })

  test('is not thrown away by owners of before', async () => {
    const { transport, seen, asked } = await meet()
    const old = lookUp(transport, 'old')
    const oldFrame = await arrival(seen, 'old')
    const moved = lookUp(transport, 'moved')
    ;(await arrival(seen, 'moved')).reply('place')
    await moved
    const fresh = lookUp(transport, 'fresh')
    const freshFrame = await arrival(seen, 'fresh')
    oldFrame.reply('place')
    expect((await old).status).toBe(503)
    const last = lookUp(transport, 'last')
    const lastFrame = await arrival(seen, 'last')
    expect(lastFrame.frame.sender).toBe(freshFrame.frame.sender)
    freshFrame.reply(view('fresh'))
    lastFrame.reply(view('last'))
    expect((await fresh).body).toMatchObject({ sku: 'fresh' })
    expect((await last).body).toMatchObject({ sku: 'last' })
    expect(asked(), 'found twice').toBe(2)
  })
})

describe('onTrouble', () => {
  test('hears once of a server whose messages are too small, and what it throws hurts nobody', async () => {
    const server = await nats.server('max_payload: 65536')
    const link = await nats.link(server)
    const cluster = newCluster()
    const asked = greeter(link, cluster, () => undefined)
    const troubles: string[] = []
    const onTrouble = (reason: string): void => {
      troubles.push(reason)
      throw new Error('not your problem')
    }
    const transport = newTransport({ nats: server.url, cluster, onTrouble })
    await expect.poll(() => troubles, DEADLINE).toEqual([expect.stringMatching(/max_payload/)])
    const attempt = { signal: AbortSignal.timeout(DEADLINE.timeout), timeoutMs: 1_000 }
    const call = transport.call({ op: 'look-up-sku', sku: 'shoe' }, attempt)
    await expect(call).rejects.toMatchObject({ kind: 'not_sent' })
    expect(asked(), 'no cluster is looked for there').toBe(0)
    await link.close()
    await server.kill()
    await expect.poll(() => troubles.length, DEADLINE).toBeGreaterThan(1)
    expect(new Set(troubles).size, 'each once').toBe(troubles.length)
  })
})

test('a close while the cluster is looked for again leaves nothing behind', async () => {
  let closed: Promise<void> | undefined
  // The answer to the second hello comes after the close has begun.
  const { transport, seen, asked } = await meet((count) => {
    if (count === 2) closed = transport.close()
  })
  const moved = lookUp(transport, 'moved')
  ;(await arrival(seen, 'moved')).reply('place')
  await moved
  await expect.poll(asked, DEADLINE).toBe(2)
  await closed
  const attempt = { signal: AbortSignal.timeout(DEADLINE.timeout), timeoutMs: 1_000 }
  const call = transport.call({ op: 'look-up-sku', sku: 'shoe' }, attempt)
  await expect(call).rejects.toMatchObject({ kind: 'not_sent' })
  expect(asked()).toBe(2)
})
