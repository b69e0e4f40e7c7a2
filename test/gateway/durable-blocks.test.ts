// What a partition's host tells of durable blocks: each once, in order, and before anybody is answered.
import { expect, test } from 'vitest'
import { Partition } from '../../core/partition.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { EmbeddedPartition } from '../../gateway/embedded-partition.ts'
import { MemoryDisk, MemoryJournal } from '../../journal/memory-journal.ts'
import { IDENTITY } from '../fixtures/blocks.ts'
import { open, readSku, reserve, START } from '../fixtures/commands.ts'

const turns = async () => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('every durable block is told once, in order, before its answers leave', async () => {
  const told: string[] = []
  const journal = new MemoryJournal(new MemoryDisk(), IDENTITY)
  const selling = new EmbeddedPartition({
    partition: new Partition(new PartitionState(42)),
    journal,
    now: () => START,
    isDiskLow: () => false,
    onFault: (fault) => told.push(String(fault)),
    onDurable: ({ firstSeq, events }) => told.push(`block ${firstSeq}+${events.length}`),
  })
  const ask = (key: string) =>
    selling.submit(reserve(key), { answer: ({ kind }) => told.push(`${key} ${kind}`) })
  selling.submit(open(9), { answer: () => told.push('opened') })
  await turns()
  journal.hold()
  ask('a')
  await turns()
  // The next block fills while the one before is being written.
  ask('b')
  ask('c')
  selling.submit(readSku(), { answer: () => told.push('read') })
  await turns()
  expect(told).toEqual(['block 1+1', 'opened'])
  journal.letGo()
  await selling.drain()
  expect(told.slice(2)).toEqual([
    ...['block 2+1', 'a reservation'],
    ...['block 3+2', 'b reservation', 'c reservation', 'read'],
  ])
})

test('a block that does not become durable is not told', async () => {
  const told: number[] = []
  const faults: unknown[] = []
  const journal = new MemoryJournal(new MemoryDisk(), IDENTITY)
  const selling = new EmbeddedPartition({
    partition: new Partition(new PartitionState(42)),
    journal,
    now: () => START,
    isDiskLow: () => false,
    onFault: (fault) => faults.push(fault),
    onDurable: ({ firstSeq }) => told.push(firstSeq),
  })
  journal.failNext('fail')
  selling.submit(open(9), { answer: () => undefined })
  await turns()
  expect([told, faults.length]).toEqual([[], 1])
})
