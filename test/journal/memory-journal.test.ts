// The journal in memory: the same contract, and the faults that tests and simulations order from it.
import { afterEach, describe, expect, test } from 'vitest'
import { checkState } from '../../core/check-state.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { EMPTY_HEAD } from '../../journal/chain.ts'
import type { JournalError } from '../../journal/errors.ts'
import { GroupCommit } from '../../journal/group-commit.ts'
import { MemoryDisk, type MemoryFault, MemoryJournal } from '../../journal/memory-journal.ts'
import { blockAt, faultCode, IDENTITY, readAll } from '../fixtures/blocks.ts'
import { open, readSku, reserve } from '../fixtures/commands.ts'
import { type Asked, TestPartition } from '../fixtures/test-partition.ts'
import { describeJournal } from './journal.contract.ts'

describeJournal('in memory', () => {
  const disk = new MemoryDisk()
  return {
    openForWriting: async (epoch, head) => new MemoryJournal(disk, IDENTITY, epoch, head),
    reader: disk,
  }
})

const made: TestPartition[] = []

// What was decided but never became durable is in these states too, so they are checked without their journal.
afterEach(() => {
  for (const { state } of made.splice(0)) checkState(state)
})

/** A partition that commits to memory, as the host of a real one would. */
function committing() {
  const shop = new TestPartition(new PartitionState(1))
  made.push(shop)
  const disk = new MemoryDisk()
  const journal = new MemoryJournal(disk, IDENTITY, 1, EMPTY_HEAD)
  const commits: number[] = []
  const faults: unknown[] = []
  const commit = new GroupCommit(shop.partition, journal, {
    onReturned: () => commit.pump(),
    onAcknowledged: (events, commitMs) => {
      commits.push(events)
      expect(commitMs).toBeGreaterThanOrEqual(0)
    },
    onFault: (fault) => {
      faults.push(fault)
      shop.partition.abandon()
    },
  })
  const submit = (command: Parameters<TestPartition['submit']>[0]): Asked => {
    const asked = shop.submit(command)
    shop.run()
    commit.pump()
    return asked
  }
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  return { shop, disk, journal, commit, commits, faults, submit, turns }
}

describe('a group commit', () => {
  test('answers when the block is on disk, and not before', async () => {
    const { journal, submit, turns, commit, commits } = committing()
    journal.hold()
    const asked = [submit(open(9)), submit(readSku())]
    await turns()
    expect(commit.isCommitting).toBe(true)
    expect(asked.map(({ outcome }) => outcome)).toEqual([undefined, undefined])
    journal.letGo()
    await turns()
    expect(asked.map(({ outcome }) => outcome)).toMatchObject([{ isNew: true }, { stock: 9 }])
    expect([commit.isCommitting, commits]).toEqual([false, [1]])
  })

  test('fills the next block while one is on its way, one commit at a time', async () => {
    const { disk, journal, submit, turns, commits } = committing()
    journal.hold()
    submit(open(9))
    const next = [submit(reserve('a')), submit(reserve('b')), submit(reserve('c'))]
    journal.letGo()
    await turns()
    expect(next.map(({ outcome }) => outcome)).toMatchObject([{ seq: 2 }, { seq: 3 }, { seq: 4 }])
    expect(commits).toEqual([1, 3])
    expect((await readAll(disk)).blocks.map(({ header }) => header.count)).toEqual([0, 1, 3])
  })

  test('without events commits nothing', async () => {
    const { commit, submit, disk, turns } = committing()
    submit(readSku())
    commit.pump()
    await turns()
    expect(disk.blocks).toHaveLength(1)
    expect(commit.isCommitting).toBe(false)
  })

  const faultCodes: [MemoryFault, string][] = [
    ['fail', 'commit_failed'],
    ['refuse', 'commit_refused'],
    ['tear', 'commit_failed'],
  ]
  test.each(faultCodes)('that meets the fault "%s" stops for good, once', async (kind, code) => {
    const { shop, disk, journal, submit, turns, commit, commits, faults } = committing()
    submit(open(9))
    await turns()
    journal.failNext(kind)
    const inFlight = submit(reserve('a'))
    const decided = [submit(reserve('b')), submit(readSku())]
    const waiting = shop.submit(reserve('c'))
    await turns()
    expect(faults.map((fault) => (fault as JournalError).code)).toEqual([code])
    const outcomes = [inFlight, ...decided, waiting].map(({ outcome }) => outcome)
    expect(outcomes).toMatchObject([
      { code: 'outcome_unknown' },
      { code: 'outcome_unknown' },
      { code: 'outcome_unknown' },
      { code: 'partition_unavailable' },
    ])
    journal.failNext('none')
    commit.pump()
    await turns()
    expect([commits, faults.length]).toEqual([[1], 1])
    expect(shop.partition.durableSeq).toBe(1)
    const isTorn = kind === 'tear'
    expect(disk.blocks).toHaveLength(isTorn ? 3 : 2)
    expect(await faultCode(() => readAll(disk))).toBe(isTorn ? 'journal_damaged' : 'no fault')
  })

  test('that hangs answers nothing', async () => {
    const { journal, submit, turns, commits, faults } = committing()
    submit(open(9))
    await turns()
    journal.failNext('hang')
    const asked = submit(reserve('a'))
    await turns()
    expect([asked.outcome, commits, faults]).toEqual([undefined, [1], []])
  })

  test('whose host breaks when it hears of it is a fault, too', async () => {
    const shop = new TestPartition(new PartitionState(1))
    const faults: unknown[] = []
    const journal = new MemoryJournal(new MemoryDisk(), IDENTITY)
    const commit = new GroupCommit(shop.partition, journal, {
      onReturned: () => {
        throw new Error('the host broke')
      },
      onAcknowledged: () => undefined,
      onFault: (fault) => faults.push(fault),
    })
    shop.submit(open(1))
    shop.run()
    commit.pump()
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(faults).toMatchObject([{ message: 'the host broke' }])
  })
})

test('a torn block is damage that the reader meets after everything before it', async () => {
  const disk = new MemoryDisk()
  const journal = new MemoryJournal(disk, IDENTITY)
  await journal.append(blockAt(1, 2))
  journal.failNext('tear')
  await faultCode(() => journal.append(blockAt(3, 2)))
  const seen: number[] = []
  const code = await faultCode(async () => {
    for await (const { header } of disk.read(0)) seen.push(header.count)
  })
  expect([code, seen]).toEqual(['journal_damaged', [0, 2]])
})
