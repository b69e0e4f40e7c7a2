// How far news are complete, which is what event ids say: over both sources, with each step in the test's hand.
import { beforeEach, expect, test } from 'vitest'
import { HeardStock } from '../../../gateway/nats/heard-stock.ts'
import type { Answer, AnswerTicket } from '../../../gateway/partition-port.ts'
import { Partitions } from '../../../gateway/partitions.ts'
import { LocalStock } from '../../../gateway/stock/local-stock.ts'
import { idOf, START } from '../../fixtures/commands.ts'
import { testBoard } from '../../fixtures/test-board.ts'

let asked: { readonly sku: string; readonly ticket: AnswerTicket }[]
let stock: LocalStock
beforeEach(() => {
  asked = []
  const reader = {
    submit: ({ sku }: { sku: string }, ticket: AnswerTicket) => void asked.push({ sku, ticket }),
  }
  stock = new LocalStock(testBoard(new Partitions()), reader)
  stock.begin(2)
  for (const sku of ['shoe', 'hat']) stock.watch(sku)
})

/** Events of these SKUs have become durable. */
function note(firstSeq: number, ...skus: string[]): void {
  const events = skus.map((sku) => ({ kind: 'cancelled', at: START, id: idOf('k', sku) }) as const)
  stock.note({ firstSeq, events })
}

/** The partition answers the oldest read. */
function answer(seq: number): void {
  const first = asked.shift()
  if (first === undefined) throw new Error('nothing was asked')
  const rules = {
    holdMs: 1,
    maxHoldMs: 1,
    paused: false,
    perBuyer: undefined,
    unitPrice: undefined,
  }
  const view = {
    ...{ kind: 'sku', isNew: false, isReplay: false, sku: first.sku, at: START, seq },
    ...{ stock: 9, available: 9, held: 0, sold: 0 },
    rules: { ...rules, currency: undefined, opensAt: undefined, closesAt: undefined },
  } satisfies Answer
  first.ticket.answer(view)
}

test('a partition in this process: up to the first event that is not handed on', () => {
  note(3, 'lamp')
  expect([stock.durableSeq, stock.completeSeq]).toEqual([3, 3])
  note(4, 'shoe')
  expect([stock.durableSeq, stock.completeSeq]).toEqual([4, 3])
  stock.collect()
  expect(asked.map(({ sku }) => sku)).toEqual(['shoe'])
  note(5, 'hat', 'shoe')
  expect(stock.completeSeq).toBe(3)
  // The read sees more than what was durable when it was asked, but not the other SKU.
  answer(6)
  expect([stock.durableSeq, stock.completeSeq]).toEqual([6, 4])
  stock.collect()
  expect(asked.map(({ sku }) => sku)).toEqual(['hat'])
  expect(stock.completeSeq).toBe(4)
  answer(5)
  expect(stock.completeSeq).toBe(6)
})

test('a read that fails leaves its events untold; whoever stopped watching is nobody’s', () => {
  note(3, 'shoe', 'hat')
  stock.collect()
  asked.shift()?.ticket.answer({ kind: 'fault', code: 'busy' })
  answer(4)
  expect(stock.completeSeq).toBe(2)
  stock.unwatch('shoe')
  stock.collect()
  expect([asked.length, stock.completeSeq]).toEqual([0, 4])
})

test('an owner’s feed: up to what was durable when a message left, once a later one has told all of that', () => {
  const heard = new HeardStock(testBoard(new Partitions()), 0)
  const head = { partition: 0, partitionCount: 1, epoch: 1, number: 1, at: START, reasons: [] }
  const steps = [
    { sentAtMs: 100, lagMs: 0, seq: 5, complete: 5 },
    { sentAtMs: 120, lagMs: 30, seq: 9, complete: 5 },
    { sentAtMs: 140, lagMs: 30, seq: 9, complete: 5 },
    { sentAtMs: 160, lagMs: 40, seq: 12, complete: 5 },
    { sentAtMs: 161, lagMs: 40, seq: 12, complete: 9 },
    { sentAtMs: 180, lagMs: 0, seq: 15, complete: 15 },
  ]
  for (const { complete, ...message } of steps) {
    heard.heed({ ...head, ...message, entries: [] })
    expect(heard.completeSeq, `${message.sentAtMs}`).toBe(complete)
  }
  heard.drop('epoch')
  expect([heard.completeSeq, heard.durableSeq]).toEqual([0, 0])
})
