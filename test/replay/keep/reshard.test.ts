// Another number of partitions: every SKU arrives with the state that it had, where it belongs, and lives on.
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkState } from '../../../core/check-state.ts'
import type { Event } from '../../../core/event.ts'
import { Partition } from '../../../core/partition.ts'
import { partitionOfSku } from '../../../core/partition-of.ts'
import type { PartitionState } from '../../../core/partition-state.ts'
import { CANCELLED, CONFIRMED, EXPIRED, HELD } from '../../../core/reservation-table.ts'
import { skuHashes, stateHash } from '../../../core/state-hash.ts'
import { pastUnitsRecords, reservationRecords, skuRecords } from '../../../core/state-records.ts'
import { type PartitionPaths, partitionPaths } from '../../../journal/data-directory.ts'
import { takeOwnership } from '../../../journal/owner.ts'
import { reshard } from '../../../replay/keep/reshard.ts'
import { verify } from '../../../replay/verify.ts'
import { faultCode, IDENTITY } from '../../fixtures/blocks.ts'
import {
  CLUSTER_SKUS,
  clusterHistory,
  someClusterCommand,
  writeCluster,
} from '../../fixtures/cluster-history.ts'
import { open, START } from '../../fixtures/commands.ts'
import { BLOCK_EVENTS, DataDirectory } from '../../fixtures/data-directory.ts'
import { appendTo, startOn } from '../../fixtures/kept-journal.ts'
import { type Random, randomTest } from '../../fixtures/seed.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { Asked } from '../../fixtures/test-partition.ts'
import { openedEvent, writeEvents } from '../../fixtures/written-events.ts'

const newDirectory = tempDirectories()
const SEGMENT_BYTES = 2 ** 30

type Hashes = Record<string, string>

function hashesOf(states: readonly PartitionState[]): Hashes {
  const found = states.flatMap((state) => [...skuHashes(state)])
  return Object.fromEntries(found.sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** Writes the cluster of `sources` anew for `count` partitions; gives their folders. */
async function resharded(sources: readonly PartitionPaths[], count: number) {
  const to = join(newDirectory(), 'new')
  const { reports, hashes } = await reshard(sources, count, to, SEGMENT_BYTES)
  expect(readdirSync(to).sort()).toEqual(reports.map((_, index) => `partition-${index}`).sort())
  return { paths: reports.map((_, index) => partitionPaths(to, index)), reports, hashes }
}

describe.each([
  [1, [4, 1]],
  [2, [3, 2]],
  [3, [7, 1, 3]],
])('a cluster of %i partitions', (count, steps) => {
  randomTest(`keeps every SKU's state by way of ${steps.join(', ')}`, async (random) => {
    const shops = clusterHistory(random, count, 900)
    const expected = hashesOf(shops.map(({ state }) => state))
    expect(Object.keys(expected)).toHaveLength(CLUSTER_SKUS.length)
    expectEveryKind(shops.map(({ state }) => state))
    let paths = await writeCluster(newDirectory(), shops, random)
    for (const step of steps) {
      const moved = await resharded(paths, step)
      expect(hashesOf([...(await statesOf(moved.paths))])).toEqual(expected)
      expect(Object.fromEntries(moved.hashes)).toEqual(expected)
      await expectInPlace(moved.paths)
      paths = moved.paths
    }
    await expectToGoOn(paths, random)
  })
})

// Holds, ends of every kind, adjustments, and units that only a buyer's account remembers.
function expectEveryKind(states: readonly PartitionState[]): void {
  const ended = new Set(
    states.flatMap((state) => [...reservationRecords(state)].map((one) => one.state)),
  )
  expect(ended).toEqual(new Set([HELD, CONFIRMED, CANCELLED, EXPIRED]))
  expect(states.flatMap((state) => pastUnitsRecords(state)).length).toBeGreaterThan(0)
  expect(Math.max(...states.map(({ adjustments }) => adjustments.count))).toBeGreaterThan(0)
}

async function statesOf(paths: readonly PartitionPaths[]): Promise<PartitionState[]> {
  const states: PartitionState[] = []
  for (const one of paths) states.push((await startOn(one)).state)
  return states
}

async function expectInPlace(paths: readonly PartitionPaths[]): Promise<void> {
  for (const [partition, one] of paths.entries()) {
    const { state, identity, head } = await startOn(one)
    expect(identity).toMatchObject({ partition, partitionCount: paths.length })
    expect(identity?.clusterId).toBe(IDENTITY.clusterId)
    for (const { sku } of skuRecords(state)) {
      expect(partitionOfSku(sku, paths.length), sku).toBe(partition)
    }
    const report = await verify(one)
    expect(report).toMatchObject({ discrepancies: [], baseSeq: head.seq, lastSeq: head.seq })
    expect(report.stateHash).toBe(stateHash(state))
  }
}

// Sells on in each partition, then lets time pass until every hold is over.
async function expectToGoOn(paths: readonly PartitionPaths[], random: Random): Promise<void> {
  for (const [number, one] of paths.entries()) {
    const { state, head, identity = IDENTITY } = await startOn(one)
    const partition = new Partition(state)
    const holds = [...reservationRecords(state)].filter((record) => record.state === HELD)
    const blocks: (readonly Event[])[] = []
    const runAt = (now: number) => {
      partition.run(now)
      const block = partition.takeBlock()
      if (block === undefined) return
      blocks.push(block.events)
      partition.acknowledge(state.lastSeq)
    }
    let now = state.lastAt
    for (let round = 0; round < 60; round++) {
      now += random.integer(0, 50)
      const { sku, command } = someClusterCommand(random, now)
      if (partitionOfSku(sku, paths.length) !== number) continue
      partition.submit(command, new Asked())
      runAt(now)
    }
    const ends = [...reservationRecords(state)].map(({ until }) => until)
    runAt(Math.max(now, ...ends) + 1)
    for (const { sku, held } of skuRecords(state)) expect(held, `held of ${sku}`).toBe(0)
    checkState(state)
    await appendTo(one, { identity, head }, blocks)
    const events = blocks.flat()
    const report = await verify(one)
    const expected = { baseSeq: head.seq, lastSeq: head.seq + events.length, discrepancies: [] }
    expect(report).toMatchObject({ ...expected, stateHash: stateHash(state) })
    expect(events.length, 'each hold has ended').toBeGreaterThanOrEqual(holds.length)
  }
}

describe('journals that are no whole cluster', () => {
  const partition = (number: number, partitionCount: number, clusterId = IDENTITY.clusterId) =>
    DataDirectory.write(newDirectory(), 2, { clusterId, partition: number, partitionCount })

  const strange: readonly [string, () => Promise<{ readonly paths: PartitionPaths }[]>][] = [
    ['a partition is missing', async () => [await partition(0, 2)]],
    ['another one is missing', async () => [await partition(1, 2)]],
    [
      'a partition comes twice',
      async () => {
        const one = await partition(0, 2)
        return [one, one]
      },
    ],
    ['two partitions have one number', async () => [await partition(1, 2), await partition(1, 2)]],
    [
      'they are of two clusters',
      async () => [await partition(0, 2), await partition(1, 2, 'e'.repeat(32))],
    ],
    ['they are of other counts', async () => [await partition(0, 2), await partition(1, 3)]],
    ['a whole cluster stands twice', async () => [await partition(0, 1), await partition(0, 1)]],
  ]
  test.each(strange)('are refused, where %s', async (_, write) => {
    const sources = await write()
    const before = sources.map((one) => new DataDirectory(join(one.paths.root, '..')).fingerprint())
    const parent = newDirectory()
    const paths = sources.map((one) => one.paths)
    const run = () => reshard(paths, 2, join(parent, 'new'), SEGMENT_BYTES)
    expect(await faultCode(run)).toBe('not_reshardable')
    expect(readdirSync(parent)).toEqual([])
    expect(
      sources.map((one) => new DataDirectory(join(one.paths.root, '..')).fingerprint()),
    ).toEqual(before)
  })

  test('are refused, where they remember for different times', async () => {
    const [data, parent] = [newDirectory(), newDirectory()]
    const paths: PartitionPaths[] = []
    for (const number of [0, 1]) {
      const one = partitionPaths(data, number)
      const identity = { ...IDENTITY, partition: number, partitionCount: 2 }
      const head = { seq: 0, epoch: 0, hash: Buffer.alloc(16) }
      const configured = { kind: 'configured', at: START, retentionMs: 60_000 + number } as const
      await appendTo(one, { identity, head }, [[configured]])
      paths.push(one)
    }
    const run = () => reshard(paths, 1, join(parent, 'new'), SEGMENT_BYTES)
    await expect(run()).rejects.toMatchObject({
      code: 'not_reshardable',
      message: expect.stringMatching(/0\/2 of .*retention 60000 ms; .*1\/2 of .*60001 ms/),
    })
    expect(readdirSync(parent)).toEqual([])
  })

  test('are left alone while an owner lives, and where the place is taken', async () => {
    const { paths, data } = await DataDirectory.write(newDirectory(), 2)
    const taken = newDirectory()
    mkdirSync(join(taken, 'mine'))
    expect(await faultCode(() => reshard([paths], 2, taken, SEGMENT_BYTES))).toBe('target_exists')
    expect(readdirSync(taken)).toEqual(['mine'])
    takeOwnership(partitionPaths(data, 0).root)
    const to = join(newDirectory(), 'new')
    expect(await faultCode(() => reshard([paths], 2, to, SEGMENT_BYTES))).toBe('journal_owned')
  })

  test('are refused, where one is damaged', async () => {
    const directory = await DataDirectory.write(newDirectory(), 3)
    await directory.editBlock(1, 1 + BLOCK_EVENTS, (bytes) => bytes.subarray(2))
    const parent = newDirectory()
    const run = () => reshard([directory.paths], 2, join(parent, 'new'), SEGMENT_BYTES)
    expect(await faultCode(run)).toBe('journal_damaged')
    expect(readdirSync(parent)).toEqual([])
  })
})

test('a partition that gets no SKU is a journal like any other', async () => {
  const paths = await writeEvents(newDirectory(), [[openedEvent(9)]])
  const { paths: moved, reports } = await resharded([paths], 3)
  const home = partitionOfSku('shoe', 3)
  for (const [partition, { discrepancies, lastSeq }] of reports.entries()) {
    expect([discrepancies, lastSeq]).toEqual([[], 1])
    const { state } = await startOn(moved[partition] as PartitionPaths)
    expect([...skuRecords(state)].map(({ sku }) => sku)).toEqual(partition === home ? ['shoe'] : [])
    const shop = new Partition(state)
    const asked = new Asked()
    shop.submit(open(1, {}, 'hat'), asked)
    shop.run(START + 1)
    shop.acknowledge(state.lastSeq)
    expect(asked.outcome).toMatchObject({ kind: 'sku', stock: 1 })
  }
})
