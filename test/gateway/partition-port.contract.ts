// What every way to a partition must keep, whether it lives in this process or behind NATS.
import { describe, expect, test } from 'vitest'
import type { Command } from '../../core/command.ts'
import type { PartitionFault } from '../../core/outcome.ts'
import type { Answer, PartitionPort } from '../../gateway/partition-port.ts'
import {
  adjust,
  amend,
  cancel,
  confirm,
  extend,
  giveBack,
  idOf,
  open,
  readReservation,
  readSku,
  reserve,
} from '../fixtures/commands.ts'
import type { MemoryShop } from '../fixtures/memory-shop.ts'
import { answersOf, ask, NotedTicket, submitAll } from '../fixtures/noted-ticket.ts'
import { someCommand, someDelay } from '../fixtures/random-commands.ts'
import { type Random, randomTest } from '../fixtures/seed.ts'
import { testPartitions } from '../fixtures/test-partition.ts'

/** A port, and the partition behind it. */
export interface PortUnderTest {
  readonly shop: MemoryShop
  readonly port: PartitionPort & { drain(): Promise<void> }
}

const fault = (code: PartitionFault['code'] | 'draining' | 'disk_low'): Answer =>
  ({ kind: 'fault', code }) as Answer

const describeIt: Command = { kind: 'describe', withHash: true }
const dueNext = (limit: number): Command => ({ kind: 'list-due', limit })
const list = (limit: number, after?: string): Command => ({ kind: 'list-skus', after, limit })

/** Runs every promise of the port against what `start` gives; whoever gives it ends and checks it. */
export function partitionPortContract(name: string, start: () => Promise<PortUnderTest>): void {
  const shops = testPartitions()

  describe(`${name}: answers`, () => {
    test('are those of the partition, for every kind of command', async () => {
      const { shop, port } = await start()
      const model = shops()
      const commands: Command[] = [
        ...[readSku(), reserve('k'), readReservation('k'), open(undefined), list(10)],
        ...[open(10, { perBuyer: 5, unitPrice: 99, currency: 'EUR' }), open(10), open(11)],
        ...[adjust(5, 'a', 'üben'), adjust(5, 'a', 'üben'), adjust(6, 'a'), adjust(-99, 'b')],
        ...[reserve('k', 2, { meta: 'für sie €' }), reserve('k', 2), reserve('k', 3)],
        ...[reserve('l', 16), reserve('m', 4), extend('k', 60_000), extend('k', 604_800_000)],
        ...[confirm('k', 3), confirm('k', 1, 'pay-1'), confirm('k', 2), cancel('k')],
        ...[amend({ perBuyer: null, paused: true }), amend({ maxHoldMs: 1_000 })],
        ...[amend({ paused: true }), amend({ paused: false }), amend({ paused: true }, 'none')],
        ...[giveBack('k'), giveBack('k', 1), giveBack('k', 2), cancel('m', 'bob')],
        ...[extend('m', 5_000, 'bob'), readReservation('m', 'bob'), readReservation('m', 'ada')],
        ...[extend('m', 1_000_000, 'ada'), cancel('m', 'ada'), cancel('m')],
        ...[confirm('m'), giveBack('m'), readReservation('k'), readReservation('m'), readSku()],
        ...[dueNext(1), reserve('n', 1, { holdMs: 5_000 }), reserve('o'), dueNext(1), dueNext(100)],
        ...[open(1, {}, 'hat'), list(1), list(10, 'shoe'), list(10, 'stranger'), describeIt],
        { kind: 'describe', withHash: false },
      ]
      for (const command of commands) {
        expect(await ask(port, command), JSON.stringify(command)).toEqual([model.ask(command)])
      }
      expect(shop.hash).toBe(model.hash)
    })

    randomTest('are those of the partition through any history', async (random) => {
      const { shop, port } = await start()
      const model = shops()
      for (const sku of ['shoe', 'hat', 'bag']) {
        expect(await ask(port, open(40, {}, sku))).toEqual([model.ask(open(40, {}, sku))])
      }
      for (let round = 0; round < 60; round++) {
        model.now += Math.max(0, someDelay(random))
        shop.now = model.now
        const commands = someTurn(random, model.now)
        const expected = commands.map((command) => model.ask(command))
        expect(await ask(port, ...commands)).toEqual(expected)
      }
      expect(shop.hash).toBe(model.hash)
    })

    test('keep the order in which a turn asked, and the turns theirs', async () => {
      const { port } = await start()
      await ask(port, open(1_000_000))
      const turns: NotedTicket[][] = []
      const order: number[] = []
      let number = 0
      for (let turn = 0; turn < 5; turn++) {
        const tickets: NotedTicket[] = []
        for (let command = 0; command < 700; command++) {
          const own = number++
          const ticket = new NotedTicket()
          void ticket.first.then(() => order.push(own))
          port.submit(reserve(`k${own}`), ticket)
          tickets.push(ticket)
        }
        turns.push(tickets)
        await new Promise((resolve) => setImmediate(resolve))
      }
      const answers = await answersOf(turns.flat())
      const seqs = answers.map((answer) => (answer.kind === 'reservation' ? answer.seq : 0))
      expect(seqs, 'decided in the order of asking').toEqual(seqs.map((_, index) => index + 2))
      expect(order, 'answered in the order of asking').toEqual(seqs.map((_, index) => index))
    })
  })

  describe(`${name}: a command`, () => {
    test('that is overdue is dropped, and the others of its turn are not', async () => {
      const { shop, port } = await start()
      await ask(port, open(10))
      const before = shop.hash
      const late = new NotedTicket(true)
      port.submit(reserve('k'), late)
      const latePage = new NotedTicket(true)
      port.submit(list(10), latePage)
      const read = submitAll(port, [readSku()])
      expect(await answersOf([late, latePage])).toEqual([fault('busy'), fault('busy')])
      expect(await answersOf(read)).toMatchObject([{ kind: 'sku', available: 10 }])
      expect(shop.hash).toBe(before)
    })

    test('beyond all room is answered busy at once, and the rest as usual', async () => {
      const { shop, port } = await start()
      await ask(port, open(1_000_000))
      shop.journal.hold()
      const first = submitAll(port, [reserve('first')])
      const tickets = submitAll(port, Array<Command>(70_000).fill(readSku()))
      const refused = tickets.filter(({ answers }) => answers.length > 0)
      expect(refused.length).toBeGreaterThan(0)
      for (const { answers } of refused) expect(answers).toEqual([fault('busy')])
      shop.journal.letGo()
      expect(await answersOf(first)).toMatchObject([{ kind: 'reservation', isNew: true }])
      const taken = await answersOf(tickets.filter((ticket) => !refused.includes(ticket)))
      expect(taken.every(({ kind }) => kind === 'sku')).toBe(true)
      expect(await ask(port, reserve('first'))).toMatchObject([{ isReplay: true }])
    })

    test('is not answered before it is durable', async () => {
      const { shop, port } = await start()
      await ask(port, open(10))
      shop.journal.hold()
      const tickets = submitAll(port, [reserve('k'), readSku(), reserve('l', 99)])
      await expect.poll(() => shop.partition.answersLength).toBe(3)
      for (const { answers } of tickets) expect(answers).toEqual([])
      shop.journal.letGo()
      expect(await answersOf(tickets)).toMatchObject([
        { kind: 'reservation', isNew: true },
        { kind: 'sku', available: 9 },
        { kind: 'refusal', code: 'sold_out' },
      ])
    })

    test('is not taken while the disk is low, unless it helps who holds already', async () => {
      const { shop, port } = await start()
      await ask(port, open(10), reserve('k'))
      shop.isDiskLow = true
      const before = shop.hash
      const refused = [fault('disk_low'), fault('disk_low')]
      expect(await ask(port, reserve('l'), open(1, {}, 'hat'))).toEqual(refused)
      expect(shop.hash).toBe(before)
      expect(await ask(port, confirm('k'))).toMatchObject([{ state: 'confirmed' }])
    })
  })

  describe(`${name}: a drain`, () => {
    test('of the partition refuses what comes later', async () => {
      const { shop, port } = await start()
      await ask(port, open(10))
      const before = shop.hash
      await shop.selling.drain()
      expect(await ask(port, reserve('k'), readSku())).toEqual([
        fault('draining'),
        fault('draining'),
      ])
      expect(shop.hash).toBe(before)
    })

    test('of the port answers what was taken, then takes nothing more', async () => {
      const { shop, port } = await start()
      await ask(port, open(10))
      shop.journal.hold()
      const taken = submitAll(port, [reserve('k')])
      await expect.poll(() => shop.state.lastSeq).toBe(2)
      const drained = port.drain()
      expect(port.unreadyReasons()).toEqual(['draining'])
      const refused = submitAll(port, [reserve('l')])
      expect(refused[0]?.answers).toEqual([fault('draining')])
      shop.journal.letGo()
      expect(await answersOf(taken)).toMatchObject([{ kind: 'reservation', isNew: true }])
      await drained
      expect(shop.state.lastSeq).toBe(2)
    })
  })

  describe(`${name}: a commit that fails`, () => {
    test('leaves unknown what it held, and nothing more is taken', async () => {
      const { shop, port } = await start()
      await ask(port, open(10))
      shop.journal.failNext('fail')
      shop.journal.hold()
      const decided = submitAll(port, [reserve('k'), readSku(), reserve('l')])
      await expect.poll(() => shop.partition.answersLength).toBe(3)
      shop.journal.letGo()
      const unknown = fault('outcome_unknown')
      expect(await answersOf(decided)).toEqual([unknown, unknown, unknown])
      const none = fault('partition_unavailable')
      expect(await ask(port, reserve('m'), readSku())).toEqual([none, none])
      expect(shop.faults).toHaveLength(1)
    })
  })
}

// Names and numbers as a gateway lets them through.
function someTurn(random: Random, now: number): Command[] {
  const reads: readonly Command[] = [
    ...[readSku('hat'), describeIt, list(2), list(2, 'shoe'), dueNext(3)],
  ]
  return Array.from({ length: random.integer(1, 12) }, () => {
    if (random.oneIn(6)) return random.pick(reads)
    if (random.oneIn(8)) {
      const id = idOf(`key-${random.integer(0, 23)}`, 'bag')
      return { kind: 'read-reservation', id, buyer: random.pick([undefined, 'ada', 'bob']) }
    }
    const command = someCommand(random, now)
    if ('buyer' in command && command.buyer !== undefined) {
      return { ...command, buyer: command.buyer.replaceAll(' ', '-') }
    }
    return command.kind === 'adjust' && command.delta === 0 ? { ...command, delta: 1 } : command
  })
}
