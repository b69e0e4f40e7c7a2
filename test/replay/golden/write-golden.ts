// Writes the golden journal of the present format: one small history with everything that a journal can hold.
// NEVER run it again for a format that was released: its golden journal stays as it was written then, for ever.
// A new format gets a folder of its own: HOLDFAST_WRITE_GOLDEN=1 npx vitest run test/replay/golden
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Event } from '../../../core/event.ts'
import { stateHash } from '../../../core/state-hash.ts'
import { EMPTY_HEAD, type JournalHead } from '../../../journal/chain.ts'
import { type PartitionPaths, partitionPaths } from '../../../journal/data-directory.ts'
import { openLmdbJournal } from '../../../journal/lmdb-journal.ts'
import { listSegments } from '../../../journal/segments.ts'
import { takeSnapshot } from '../../../replay/take-snapshot.ts'
import { IDENTITY } from '../../fixtures/blocks.ts'
import {
  adjust,
  cancel,
  confirm,
  extend,
  giveBack,
  open,
  reserve,
  START,
} from '../../fixtures/commands.ts'
import { type Expected, type ExpectedState, unitsOf } from '../../fixtures/golden-journal.ts'
import { replayed, TestPartition } from '../../fixtures/test-partition.ts'

const RETENTION_MS = 3_600_000
/** Events of the blocks, in turn. */
const BLOCK_SIZES = [1, 2, 4, 3, 6, 1, 5]
/** A new environment counts two pages; a few blocks more fill the segment. */
const SEGMENT_BYTES = 13_128
/** Seqs at which `expected.json` tells the state. */
const TOLD_EVERY = 9

/** Writes it below `data`, with what must be read from it in `expected.json`. */
export async function writeGolden(data: string): Promise<Expected> {
  const events = history()
  const paths = partitionPaths(data, 0)
  const half = events.length >> 1
  const first = await append(paths, EMPTY_HEAD, 1, events.slice(0, half))
  const { journal, snapshots } = paths
  const onSkippedSnapshot = () => undefined
  await takeSnapshot({ journal, snapshots, expected: undefined, onSkippedSnapshot })
  const last = await append(paths, first, 2, events.slice(half))
  for (const { path } of listSegments(journal)) rmSync(join(path, 'lock.mdb'), { force: true })
  const expected = expectedOf(events, last, half)
  writeFileSync(join(data, 'expected.json'), `${JSON.stringify(expected, undefined, 2)}\n`)
  return expected
}

async function append(
  paths: PartitionPaths,
  head: JournalHead,
  epoch: number,
  events: readonly Event[],
): Promise<JournalHead> {
  const journal = await openLmdbJournal(paths.journal, {
    ...{ identity: IDENTITY, head, epoch, segmentBytes: SEGMENT_BYTES, commitDeadlineMs: 60_000 },
  })
  let done = 0
  for (let block = 0; done < events.length; block++) {
    const size = BLOCK_SIZES[block % BLOCK_SIZES.length] ?? 1
    const firstSeq = journal.head.seq + 1
    await journal.append({ firstSeq, events: events.slice(done, done + size) })
    done += size
  }
  await journal.close()
  return journal.head
}

function expectedOf(events: readonly Event[], head: JournalHead, snapshotSeq: number): Expected {
  const counts: Record<string, number> = {}
  for (const { kind } of events) counts[kind] = (counts[kind] ?? 0) + 1
  const states: ExpectedState[] = []
  for (let seq = 1; seq <= events.length; seq++) {
    if (seq % TOLD_EVERY !== 0 && seq !== events.length && seq !== snapshotSeq) continue
    const state = replayed(events.slice(0, seq))
    states.push({ seq, stateHash: stateHash(state), skus: unitsOf(state) })
  }
  return {
    lastSeq: head.seq,
    epoch: head.epoch,
    stateHash: stateHash(replayed(events)),
    chainHash: head.hash.toString('hex'),
    snapshotSeq,
    events: counts,
    states,
  }
}

// Every kind of event, every optional field with and without a value, ids that were forgotten and used again.
function history(): readonly Event[] {
  const shop = new TestPartition()
  shop.partition.configure(RETENTION_MS, shop.now)
  shop.settle()
  const rules = { unitPrice: 4_990, currency: 'EUR', holdMs: 60_000, maxHoldMs: 600_000 }
  const window = { perBuyer: 6, opensAt: START, closesAt: START + 86_400_000 }
  shop.askAll(open(40, { ...rules, ...window }), open(1_000, {}, 'lamp'), open(0, {}, '85123A'))
  openingRush(shop)
  shop.pass(61_000)
  afterwards(shop)
  shop.pass(RETENTION_MS + 1_000)
  shop.askAll(reserve('a'), reserve('b', 2, { buyer: 'bob' }), adjust(-1, 'count-1'))
  shop.now += 5
  shop.ask(confirm('b'))
  shop.check()
  return shop.journal
}

function openingRush(shop: TestPartition): void {
  const meta = 'gift, "blue"\nsecond line ✓'
  shop.askAll(reserve('a', 3, { meta }), reserve('b', 2, { buyer: 'bob' }))
  for (let number = 0; number < 12; number++) {
    shop.now += 7
    const buyer = `buyer-${number % 5}`
    const sku = number % 3 === 0 ? 'lamp' : 'shoe'
    shop.ask(reserve(`rush-${number}`, 1 + (number % 2), { buyer, sku, holdMs: 45_000 }))
  }
  shop.now += 100
  shop.askAll(confirm('a', 2, 'pay-1'), cancel('b'), confirm('rush-1'), cancel('rush-2'))
  shop.askAll(extend('rush-4', 120_000), extend('rush-5', 90_000), giveBack('a', 1))
  shop.askAll(open(undefined, { ...rulesPaused(), paused: true }), open(undefined, rulesPaused()))
}

function afterwards(shop: TestPartition): void {
  shop.askAll(adjust(25, 'count-1', 'found, "behind" the shelf'), adjust(-4, 'count-2', 'broken'))
  shop.askAll(giveBack('a'), confirm('rush-4', 1), confirm('rush-5'), adjust(9, 'x', 'new', 'lamp'))
  for (let number = 0; number < 8; number++) {
    shop.now += 50
    shop.ask(reserve(`late-${number}`, 5, { buyer: `late-${number}`, sku: 'lamp' }))
  }
}

function rulesPaused() {
  return { unitPrice: 3_990, currency: 'EUR', holdMs: 60_000, maxHoldMs: 600_000 }
}
