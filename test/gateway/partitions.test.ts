// All partitions behind one face: routing, pages over several, and what is answered while there are none.
import { describe, expect, test } from 'vitest'
import type { Command } from '../../core/command.ts'
import { partitionOfSku } from '../../core/partition-of.ts'
import type { Answer, AnswerTicket, PartitionPort } from '../../gateway/partition-port.ts'
import { Partitions } from '../../gateway/partitions.ts'
import { confirm, idOf, open, readSku, reserve } from '../fixtures/commands.ts'
import { randomTest } from '../fixtures/seed.ts'
import { TestPartition } from '../fixtures/test-partition.ts'

const unavailable = { kind: 'fault', code: 'partition_unavailable' }

/** A port over a partition in memory; it notes what came its way. */
class TestPort implements PartitionPort {
  readonly shop = new TestPartition()
  readonly asked: Command[] = []
  reasons: readonly string[] = []
  fault: Answer | undefined

  submit(command: Command, ticket: AnswerTicket): void {
    this.asked.push(command)
    ticket.answer(this.fault ?? this.shop.ask(command))
  }

  unreadyReasons(): readonly string[] {
    return this.reasons
  }
}

function partitionsOf(count: number): { partitions: Partitions; ports: TestPort[] } {
  const ports = Array.from({ length: count }, () => new TestPort())
  const partitions = new Partitions()
  partitions.put(ports)
  return { partitions, ports }
}

describe('no partitions', () => {
  test('row 40: answer everything with partition_unavailable', async () => {
    const partitions = new Partitions()
    expect(partitions.unreadyReasons()).toEqual(['recovering'])
    expect(await partitions.ask(readSku())).toEqual(unavailable)
    const answers: Answer[] = []
    partitions.submit(readSku(), { answer: (answer) => answers.push(answer) })
    expect(answers).toEqual([unavailable])
    expect(await partitions.askAll([readSku(), readSku()])).toEqual([unavailable, unavailable])
    expect(await partitions.askAll([])).toEqual([])
    expect(await partitions.listSkus(undefined, 10)).toEqual(unavailable)
    expect(await partitions.listSkus('shoe', 10)).toEqual(unavailable)
    expect(await partitions.listDue(10)).toEqual(unavailable)
    expect(await partitions.describe(true)).toEqual([unavailable])
  })
})

describe('several partitions', () => {
  test('get the commands of their own SKUs, by name and by id', async () => {
    const { partitions, ports } = partitionsOf(3)
    const skus = Array.from({ length: 30 }, (_, number) => `sku-${number}`)
    await partitions.askAll(skus.map((sku) => open(5, {}, sku)))
    await partitions.askAll(skus.map((sku) => reserve('k', 1, { sku })))
    const answers = await partitions.askAll(
      skus.map((sku) => ({ ...confirm('k'), id: idOf('k', sku) })),
    )
    expect(answers.map((answer) => answer.kind === 'reservation' && answer.sku)).toEqual(skus)
    skus.forEach((sku) => {
      const owner = partitionOfSku(sku, 3)
      ports.forEach(({ shop }, number) => {
        expect(shop.state.actorOf(sku) !== undefined, sku).toBe(number === owner)
      })
    })
  })

  randomTest('are listed page by page, every SKU once', async (random) => {
    const { partitions, ports } = partitionsOf(random.integer(1, 4))
    const skus = Array.from({ length: random.integer(0, 40) }, (_, number) => `sku-${number}`)
    await partitions.askAll(skus.map((sku) => open(1, {}, sku)))
    const expected = ports.flatMap(({ shop }) => shop.state.actors.map(({ sku }) => sku))
    const limit = random.integer(1, 50)
    const listed: string[] = []
    let after: string | undefined
    do {
      const page = await partitions.listSkus(after, limit)
      if (page.kind !== 'skus') throw new Error(`a page is answered ${page.kind}`)
      expect(page.skus.length).toBeLessThanOrEqual(limit)
      listed.push(...page.skus.map(({ sku }) => sku))
      after = page.next
    } while (after !== undefined)
    expect(listed).toEqual(expected)
    const stranger = await partitions.listSkus('stranger', limit)
    expect(stranger).toEqual({ kind: 'refusal', code: 'unknown_sku' })
  })

  test('list their holds together, by deadline', async () => {
    const { partitions, ports } = partitionsOf(3)
    const skus = Array.from({ length: 12 }, (_, number) => `sku-${number}`)
    await partitions.askAll(skus.map((sku) => open(5, {}, sku)))
    const lasting = skus.map((sku, index) => [sku, 5_000 + ((index * 5) % 12)] as const)
    await partitions.askAll(lasting.map(([sku, holdMs]) => reserve('k', 1, { sku, holdMs })))
    const expected = [...lasting].sort(([, left], [, right]) => left - right).map(([sku]) => sku)
    const listed = async (limit: number) => {
      const answer = await partitions.listDue(limit)
      return answer.kind === 'holds' && answer.holds.map(({ sku }) => sku)
    }
    expect(new Set(skus.map((sku) => partitionOfSku(sku, 3))).size, 'of all partitions').toBe(3)
    expect(await listed(100)).toEqual(expected)
    expect(await listed(5)).toEqual(expected.slice(0, 5))
    const [first] = ports as [TestPort]
    first.fault = { kind: 'fault', code: 'busy' }
    expect(await partitions.listDue(5)).toEqual(first.fault)
  })

  test('are described by number, and listed not at all while one is silent', async () => {
    const { partitions, ports } = partitionsOf(2)
    const [first, second] = ports as [TestPort, TestPort]
    await partitions.ask(open(1, {}, 'shoe'))
    const views = await partitions.describe(true)
    expect(views).toMatchObject(ports.map(({ shop }) => ({ stateHash: shop.hash })))
    second.fault = { kind: 'fault', code: 'partition_unavailable' }
    expect(await partitions.describe(false)).toMatchObject([{ kind: 'partition' }, unavailable])
    expect(await partitions.listSkus(undefined, 10)).toEqual(unavailable)
    first.reasons = ['disk_low', 'draining']
    second.reasons = ['disk_low']
    expect(partitions.unreadyReasons()).toEqual(['disk_low', 'draining'])
  })
})
