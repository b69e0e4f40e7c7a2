// The board over both of its sources, the partition in this process and an owner's feed on a real nats-server:
// what is told is true, in order, not too often, and lost by nobody who resumes.
import { afterEach, describe, expect, test } from 'vitest'
import type { Command } from '../../../core/command.ts'
import { HeardStock } from '../../../gateway/nats/heard-stock.ts'
import { StockListener } from '../../../gateway/nats/stock-listener.ts'
import type { Answer } from '../../../gateway/partition-port.ts'
import { Partitions } from '../../../gateway/partitions.ts'
import { SoldOutShield } from '../../../gateway/sold-out-shield.ts'
import { LocalStock } from '../../../gateway/stock/local-stock.ts'
import type { StockBoard } from '../../../gateway/stock/stock-board.ts'
import { adjust, cancel, confirm, extend, open, reserve } from '../../fixtures/commands.ts'
import { MemoryShop } from '../../fixtures/memory-shop.ts'
import { testNats } from '../../fixtures/nats.ts'
import { subscribed } from '../../fixtures/noted-reader.ts'
import { type Random, randomTest } from '../../fixtures/seed.ts'
import { CLUSTER, PLACE, StockOwner } from '../../fixtures/stock-owner.ts'
import { testBoard } from '../../fixtures/test-board.ts'

const nats = testNats()
const DEADLINE = { timeout: 20_000 }
/** A SKU is told at most once in this time; timers may be early by one. */
const QUIET_MS = 49

/** A shop with a board before it. */
interface Scene {
  readonly board: StockBoard
  ask(command: Command): Promise<Answer>
  /** Lets the clock that decides pass. */
  pass(ms: number): void
}

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function local(): Promise<Scene> {
  const partitions = new Partitions()
  const board = testBoard(partitions)
  const shop = new MemoryShop()
  const stock = new LocalStock(board, partitions)
  shop.onDurable = (block) => stock.note(block)
  partitions.put([shop.selling])
  ends.push(
    async () => board.close(),
    async () => shop.close().then(() => shop.check()),
  )
  return {
    board,
    ask: (command) => new Promise((answer) => shop.selling.submit(command, { answer })),
    pass: (ms) => {
      shop.now += ms
    },
  }
}

async function heard(): Promise<Scene> {
  const server = await nats.server()
  const [ownerLink, link] = [await nats.link(server), await nats.link(server)]
  const partitions = new Partitions()
  const board = testBoard(partitions)
  let now = Date.now()
  const owner = new StockOwner(ownerLink, { now: () => now })
  const stock = new HeardStock(board, 0)
  const listener = new StockListener({
    ...{ link, cluster: CLUSTER, ...PLACE, stock },
    shield: new SoldOutShield({ staleMs: 0, flagsMax: 0 }),
    onEpoch: () => undefined,
    onTrouble: () => undefined,
  })
  listener.start()
  await link.connection.flush()
  owner.feed.start()
  partitions.put([owner.port])
  await expect.poll(() => listener.reasons(), DEADLINE).toEqual([])
  ends.push(
    async () => board.close(),
    async () => listener.stop(),
    () => owner.stop(),
  )
  return {
    board,
    ask: (command) => owner.ask(command),
    pass: (ms) => {
      now += ms
    },
  }
}

describe.each([
  ['the partition in this process', local],
  ["an owner's feed", heard],
] as const)('a board fed by %s', (_, scene) => {
  test('tells every state, then what changes, and forgets what nobody watches', async () => {
    const { board, ask } = await scene()
    await ask(open(10))
    await ask(open(5, {}, 'hat'))
    const { reader, subscription } = await subscribed(board, ['shoe', 'hat'])
    expect(reader.known()).toMatchObject(
      new Map([
        ['shoe', { available: 10, state: 'open', seq: '1' }],
        ['hat', { available: 5, state: 'open', seq: '2' }],
      ]),
    )
    await ask(reserve('k', 10))
    const shoe = () => reader.known().get('shoe')
    await expect.poll(shoe, DEADLINE).toMatchObject({ available: 0, held: 10, state: 'sold_out' })
    await ask(confirm('k', 4))
    await expect.poll(shoe, DEADLINE).toMatchObject({ available: 6, held: 0, sold: 4, seq: '4' })
    const told = reader.events.length
    subscription.end()
    subscription.end()
    expect(board.subscribers).toBe(0)
    await ask(reserve('other'))
    const { reader: next } = await subscribed(board, ['shoe'])
    expect(next.known().get('shoe')).toMatchObject({ available: 5, seq: '5' })
    expect(reader.events).toHaveLength(told)
  })

  test('tells what time alone changes', async () => {
    const { board, ask, pass } = await scene()
    const view = await ask(open(10))
    if (view.kind !== 'sku') throw new Error('the SKU opens')
    await ask(open(undefined, { opensAt: view.at + 40, closesAt: view.at + 80 }))
    const { reader, subscription } = await subscribed(board, ['shoe'])
    const state = () => reader.known().get('shoe')
    expect(state()).toMatchObject({ state: 'not_open', seq: '2' })
    pass(40)
    await expect.poll(state, DEADLINE).toMatchObject({ state: 'open', seq: '2' })
    pass(40)
    await expect.poll(state, DEADLINE).toMatchObject({ state: 'closed', seq: '2' })
    subscription.end()
    // The seq does not tell whether a reader knows that, and of this board's readers nobody is left who did.
    const { reader: resumed } = await subscribed(board, ['shoe'], reader.idAfter(1))
    expect(resumed.events).toMatchObject([{ event: 'stock', data: { state: 'closed' } }])
  })

  randomTest(
    'tells nothing twice, old or early, and nobody who resumes misses anything',
    async (random) => {
      const { board, ask } = await scene()
      const skus = ['shoe', 'hat', 'lamp', 'mug']
      for (const sku of skus) await ask(open(1_000_000, {}, sku))
      const readers = [
        await subscribed(board, skus),
        await subscribed(board, ['shoe']),
        await subscribed(board, ['mug', 'hat']),
      ].map(({ reader }) => reader)
      for (let burst = 0; burst < 12; burst++) {
        const count = random.integer(1, 40)
        await Promise.all(Array.from({ length: count }, () => ask(anyChange(random, skus))))
        if (random.oneIn(3))
          await new Promise((resolve) => setTimeout(resolve, random.integer(1, 60)))
      }
      const finals = new Map<string, unknown>()
      for (const sku of skus) finals.set(sku, await stateOf(ask, sku))
      for (const [index, reader] of readers.entries()) {
        const mine = [skus, ['shoe'], ['mug', 'hat']][index] ?? []
        for (const sku of mine) {
          const last = () => reader.known().get(sku)
          await expect.poll(last, DEADLINE).toMatchObject(finals.get(sku) as object)
          expectInOrder(reader.events.filter(({ data }) => data['sku'] === sku))
        }
      }
      await expectResumable(board, readers[0]?.events.length ?? 0, readers[0], skus)
    },
  )
})

type Told = readonly { readonly data: Readonly<Record<string, unknown>>; readonly atMs: number }[]

function expectInOrder(events: Told): void {
  for (const [index, { data, atMs }] of events.entries()) {
    const before = events[index - 1]
    if (before === undefined) continue
    expect(Number(data['seq'])).toBeGreaterThan(Number(before.data['seq']))
    // What is told at the door comes when the reader does.
    if (index > 1) expect(atMs - before.atMs).toBeGreaterThanOrEqual(QUIET_MS)
  }
}

// Wherever the connection broke, what came before and what resuming tells are the whole truth together.
async function expectResumable(
  board: StockBoard,
  count: number,
  reader: Awaited<ReturnType<typeof subscribed>>['reader'] | undefined,
  skus: readonly string[],
): Promise<void> {
  if (reader === undefined) throw new Error('there is a reader')
  for (let cut = 1; cut <= count; cut++) {
    const id = reader.idAfter(cut)
    const { reader: next, subscription } = await subscribed(board, skus, id)
    expect(next.events.some(({ event }) => event === 'gap')).toBe(false)
    const known = new Map([...reader.known(cut), ...next.known()])
    expect(known, `cut behind event ${cut}, resumed by ${id}`).toEqual(reader.known())
    subscription.end()
  }
  const toldAgain = async () => {
    const { reader: fresh } = await subscribed(board, skus)
    const { reader: resumed } = await subscribed(board, skus, fresh.idAfter(skus.length))
    return resumed.events.length
  }
  await expect.poll(toldAgain, DEADLINE).toBe(0)
}

let keys = 0
function anyChange(random: Random, skus: readonly string[]): Command {
  const sku = random.pick(skus)
  const key = `k${keys - random.integer(0, 5)}`
  switch (random.integer(0, 6)) {
    case 0:
      return adjust(random.integer(1, 9), `a${++keys}`, 'count', sku)
    case 1:
      return cancel(key)
    case 2:
      return confirm(key)
    case 3:
      return extend(key, 60_000)
    default:
      return reserve(`k${++keys}`, random.integer(1, 3), { sku })
  }
}

async function stateOf(ask: Scene['ask'], sku: string): Promise<object> {
  const view = await ask({ kind: 'read-sku', sku })
  if (view.kind !== 'sku') throw new Error(`${sku} is there`)
  const { available, held, sold, stock, seq } = view
  return { available, held, sold, stock, seq: String(seq) }
}
