// The board when things go wrong: ids of elsewhere, news that were missed, other owners, readers that do not read.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Command } from '../../../core/command.ts'
import { completeRules } from '../../../core/rules.ts'
import { HeardStock } from '../../../gateway/nats/heard-stock.ts'
import type { StockMessage } from '../../../gateway/nats/stock-message.ts'
import type { Answer, AnswerTicket } from '../../../gateway/partition-port.ts'
import { Partitions } from '../../../gateway/partitions.ts'
import type { StockBatch } from '../../../gateway/stock/stock-batch.ts'
import { StockBoard } from '../../../gateway/stock/stock-board.ts'
import type { StockEntry } from '../../../gateway/stock/stock-entry.ts'
import { banded, EXACT, type StockForm } from '../../../gateway/stock/stock-form.ts'
import { UNREAD_BYTES_MAX } from '../../../gateway/stock/stock-reader.ts'
import { NotedReader, subscribed } from '../../fixtures/noted-reader.ts'

const DEADLINE = { timeout: 20_000 }
/** Between two slices; timers may be early by one. */
const SLICE_MS = 9
const UNREAD: Answer = { kind: 'fault', code: 'partition_unavailable' }

/** Owners whose answers and messages the test decides: of two partitions, `hat` is of 0 and `lamp` of 1. */
class Owners {
  readonly partitions = new Partitions()
  readonly board: StockBoard
  readonly stocks: readonly HeardStock[]
  /** What reads are answered with, by SKU; nothing is a fault. */
  readonly seqs = new Map<string, { seq: number; available: number }>()
  reads = 0
  #number = 0

  constructor(count = 1, form: StockForm = EXACT) {
    this.board = new StockBoard({ partitions: this.partitions, form, streamsMax: 10 })
    this.stocks = Array.from(
      { length: count },
      (_, partition) => new HeardStock(this.board, partition),
    )
    const submit = (command: Command, ticket: AnswerTicket) => {
      this.reads++
      setImmediate(() => ticket.answer(this.#answer(command)))
    }
    this.partitions.put(this.stocks.map(() => ({ submit, unreadyReasons: () => [] })))
  }

  /** The owner of `partition` tells of `sku`, and that all up to `seq` is told. */
  tell(sku: string, seq: number, available: number, partition = 0): void {
    const entry: StockEntry = {
      ...{ sku, stock: 100, available, held: 0, sold: 100 - available, state: 'open', seq },
      until: undefined,
    }
    this.stocks[partition]?.heed(this.#message(seq, [entry]))
  }

  /** The owner of `partition` says that nothing is untold up to `seq`. */
  beat(seq: number, partition = 0): void {
    this.stocks[partition]?.heed(this.#message(seq, []))
  }

  #message(seq: number, entries: readonly StockEntry[]): StockMessage {
    const head = { partition: 0, partitionCount: 1, epoch: 1, number: ++this.#number, at: 0 }
    return { ...head, sentAtMs: this.#number, lagMs: 0, seq, reasons: [], entries }
  }

  #answer(command: Command): Answer {
    const sku = 'sku' in command ? command.sku : ''
    const known = this.seqs.get(sku)
    if (known === undefined) return UNREAD
    return {
      ...{ kind: 'sku', isNew: false, isReplay: false, sku, stock: 100, held: 0, at: 0 },
      ...{ ...known, sold: 100 - known.available, rules: completeRules({}) },
    }
  }
}

let owners: Owners
beforeEach(() => {
  owners = new Owners()
})
afterEach(() => owners.board.close())

describe('an id', () => {
  test.each([
    ['that is not one', 'x', 'unreadable'],
    ['that is empty', '', 'unreadable'],
    ['with a sign', '-1', 'unreadable'],
    ['with an end missing', '5.', 'unreadable'],
    ['of more digits than seqs have', '9'.repeat(16), 'unreadable'],
    ['of two partitions', '5.5', 'other_partitions'],
    ['ahead of what is durable', '31', 'ahead'],
  ])('%s is answered by a gap, and every state', async (_, id, reason) => {
    owners.seqs.set('shoe', { seq: 20, available: 7 })
    owners.beat(30)
    const { reader } = await subscribed(owners.board, ['shoe'], id)
    expect(reader.events).toMatchObject([
      { event: 'gap', data: { reason } },
      { event: 'stock', id: '30', data: { sku: 'shoe', available: 7 } },
    ])
  })

  test.each([
    ['30', 0],
    ['20', 0],
    ['19', 1],
    ['0', 1],
  ])('%s tells of a SKU of event 20 %s times', async (id, count) => {
    owners.seqs.set('shoe', { seq: 20, available: 7 })
    owners.beat(30)
    const { reader } = await subscribed(owners.board, ['shoe'], id)
    expect(reader.events).toHaveLength(count)
  })

  test('has a seq for each partition, each held against its own', async () => {
    owners = new Owners(2)
    owners.seqs.set('lamp', { seq: 20, available: 7 }).set('hat', { seq: 5, available: 3 })
    owners.beat(10, 0)
    owners.beat(30, 1)
    const { reader } = await subscribed(owners.board, ['hat', 'lamp'])
    expect(reader.events.map(({ id }) => id)).toEqual([undefined, '10.30'])
    const again = async (id: string) => {
      const { reader: resumed } = await subscribed(owners.board, ['hat', 'lamp'], id)
      return resumed.events.map(({ event, data }) => data['sku'] ?? event)
    }
    expect(await again('5.20')).toEqual([])
    expect(await again('4.20')).toEqual(['hat'])
    expect(await again('10.19')).toEqual(['lamp'])
    expect(await again('11.20')).toEqual(['gap', 'hat', 'lamp'])
    expect(await again('5')).toEqual(['gap', 'hat', 'lamp'])
  })
})

test.each([
  ['no id', undefined, ['stock']],
  ['an id that says nothing', 'x', ['gap', 'stock']],
])('who comes with %s before the first news are told hears of no id', async (_, lastId, events) => {
  owners.seqs.set('shoe', { seq: 20, available: 7 })
  owners.beat(20)
  await subscribed(owners.board, ['shoe'])
  owners.tell('shoe', 21, 6)
  const opened = await owners.board.open(['shoe'])
  if (opened.kind !== 'subscription') throw new Error('the board is open')
  const batches: StockBatch[] = []
  const noted = new NotedReader()
  const tell = (batch: StockBatch) => {
    batches.push(batch)
    return noted.tell(batch)
  }
  opened.begin(Object.assign(new NotedReader(), { tell }), lastId)
  expect(noted.events.map(({ event }) => event)).toEqual(events)
  expect(noted.events.at(-1)?.data).toMatchObject({ seq: '20' })
  expect(noted.events.filter((event) => 'id' in event)).toEqual([])
  expect(String(batches[0]?.events)).not.toContain('id:')
  await expect.poll(() => noted.events.at(-1), DEADLINE).toMatchObject({ id: '21' })
})

describe('news that were missed', () => {
  test('are read, again and again until somebody answers; ids stand still meanwhile', async () => {
    owners.seqs.set('shoe', { seq: 20, available: 7 })
    owners.beat(20)
    const { reader } = await subscribed(owners.board, ['shoe'])
    owners.tell('shoe', 21, 6)
    await expect.poll(() => reader.events.length, DEADLINE).toBe(2)
    expect(reader.events[1]?.id).toBe('21')
    owners.seqs.clear()
    const { reads } = owners
    owners.stocks[0]?.drop('gap')
    owners.tell('shoe', 25, 5)
    await expect.poll(() => reader.events.length, DEADLINE).toBe(3)
    expect(reader.events[2]?.id, 'what was missed may be anything').toBe('21')
    await expect.poll(() => owners.reads, DEADLINE).toBeGreaterThan(reads + 1)
    owners.seqs.set('shoe', { seq: 26, available: 4 })
    await expect.poll(() => reader.known().get('shoe'), DEADLINE).toMatchObject({ available: 4 })
    owners.tell('shoe', 27, 3)
    await expect.poll(() => reader.events.at(-1)?.id, DEADLINE).toBe('27')
  })

  test('from an owner whose journal was restored are told behind a gap', async () => {
    owners.seqs.set('shoe', { seq: 20, available: 7 })
    owners.beat(20)
    const { reader } = await subscribed(owners.board, ['shoe'])
    owners.tell('shoe', 19, 99)
    owners.seqs.set('shoe', { seq: 12, available: 50 })
    owners.stocks[0]?.drop('epoch')
    owners.beat(12)
    await expect.poll(() => reader.events.length, DEADLINE).toBe(3)
    expect(reader.events.slice(1)).toMatchObject([
      { event: 'gap', data: { reason: 'restored' } },
      { event: 'stock', data: { available: 50, seq: '12' } },
    ])
    owners.tell('shoe', 11, 1)
    owners.tell('shoe', 13, 49)
    await expect.poll(() => reader.events.length, DEADLINE).toBe(4)
    expect(reader.events[3]).toMatchObject({ id: '13', data: { available: 49 } })
  })

  test('from an owner that merely took over are no gap', async () => {
    owners.seqs.set('shoe', { seq: 20, available: 7 })
    const { reader } = await subscribed(owners.board, ['shoe'])
    owners.seqs.set('shoe', { seq: 21, available: 6 })
    owners.stocks[0]?.drop('epoch')
    await expect.poll(() => reader.known().get('shoe'), DEADLINE).toMatchObject({ seq: '21' })
    expect(reader.events.map(({ event }) => event)).toEqual(['stock', 'stock'])
  })
})

describe('a subscription', () => {
  test('that nobody answers for leaves nothing behind, and the next is tried anew', async () => {
    expect(await owners.board.open(['shoe'])).toEqual(UNREAD)
    expect(owners.board.subscribers).toBe(0)
    owners.seqs.set('shoe', { seq: 20, available: 7 })
    const { reader } = await subscribed(owners.board, ['shoe'])
    expect(reader.events).toHaveLength(1)
  })

  test('of a SKU that is known costs no read, however many come', async () => {
    owners.seqs.set('shoe', { seq: 20, available: 7 })
    await Promise.all(Array.from({ length: 10 }, () => subscribed(owners.board, ['shoe'])))
    expect(owners.reads).toBe(1)
    expect(await owners.board.open(['shoe'])).toEqual({ kind: 'fault', code: 'busy' })
  })

  test('of a closed board is none, and those that were there have ended', async () => {
    owners.seqs.set('shoe', { seq: 20, available: 7 })
    const { reader } = await subscribed(owners.board, ['shoe'])
    owners.board.close()
    expect(reader.isEnded).toBe(true)
    expect(await owners.board.open(['shoe'])).toEqual({ kind: 'fault', code: 'draining' })
  })

  test('whose reader leaves too much unread is dropped, and counted', async () => {
    owners.seqs.set('shoe', { seq: 20, available: 7 })
    const { reader: slow } = await subscribed(owners.board, ['shoe'])
    const { reader: quick } = await subscribed(owners.board, ['shoe'])
    slow.unreadBytes = UNREAD_BYTES_MAX
    owners.tell('shoe', 21, 6)
    await expect.poll(() => quick.events.length, DEADLINE).toBe(2)
    expect([slow.isDropped, slow.events.length]).toEqual([false, 2])
    slow.unreadBytes = UNREAD_BYTES_MAX + 1
    owners.tell('shoe', 22, 5)
    await expect.poll(() => quick.events.length, DEADLINE).toBe(3)
    expect([slow.isDropped, slow.events.length]).toEqual([true, 2])
    expect([owners.board.dropped, owners.board.messages]).toEqual([1, 5])
  })
})

test('large rounds are told in slices, and who comes in between hears nothing twice', async () => {
  // One write of it takes a whole slice.
  const text = ({ sku, seq }: StockEntry) => JSON.stringify({ sku, seq, x: 'x'.repeat(300_000) })
  owners = new Owners(1, { ...EXACT, text })
  owners.seqs.set('shoe', { seq: 20, available: 7 })
  const opened = await Promise.all(
    Array.from({ length: 4 }, () => subscribed(owners.board, ['shoe'])),
  )
  const readers = opened.map(({ reader }) => reader)
  owners.tell('shoe', 21, 6)
  await expect.poll(() => readers[0]?.events.length, { ...DEADLINE, interval: 1 }).toBe(2)
  expect(readers[3]?.events).toHaveLength(1)
  const { reader: late } = await subscribed(owners.board, ['shoe'])
  await expect.poll(() => readers[3]?.events.length, DEADLINE).toBe(2)
  const told = readers.map(({ events }) => events[1]?.atMs ?? 0)
  for (const [index, atMs] of told.slice(1).entries()) {
    expect(atMs - (told[index] ?? 0)).toBeGreaterThanOrEqual(SLICE_MS)
  }
  owners.tell('shoe', 22, 5)
  await expect.poll(() => late.events.length, DEADLINE).toBe(2)
  expect(late.events.map(({ data }) => data['seq'])).toEqual([21, 22])
})

test('bands are told when they change, without numbers, ids or gaps', async () => {
  owners = new Owners(1, banded(10))
  owners.seqs.set('shoe', { seq: 20, available: 50 })
  const opened = await owners.board.open(['shoe'])
  if (opened.kind !== 'subscription') throw new Error('the board is open')
  const reader = new NotedReader()
  opened.begin(reader, '17.4')
  const steps = [
    ...([
      [50, 'in'],
      [49, 'in'],
      [11, 'in'],
      [10, 'low'],
      [9, 'low'],
      [1, 'low'],
    ] as const),
    ...([
      [0, 'out'],
      [0, 'out'],
      [1, 'low'],
      [11, 'in'],
    ] as const),
  ]
  for (const [index, [available, level]] of steps.entries()) {
    owners.tell('shoe', 21 + index, available)
    await expect.poll(() => reader.known().get('shoe'), DEADLINE).toEqual({ sku: 'shoe', level })
  }
  const told = (level: string) => ({ event: 'stock', data: { sku: 'shoe', level } })
  const plain = reader.events.map(({ atMs: _, ...event }) => event)
  expect(plain).toEqual(['in', 'low', 'out', 'low', 'in'].map(told))
})
