// A fresh journal from an old one: the same events in large blocks and whole segments, with a snapshot at the end.

import type { Event } from '../../core/event.ts'
import { BLOCK_EVENTS_MAX } from '../../core/limits.ts'
import { stateHash } from '../../core/state-hash.ts'
import { Chain } from '../../journal/chain.ts'
import { type PartitionPaths, partitionPaths } from '../../journal/data-directory.ts'
import { JournalError } from '../../journal/errors.ts'
import type { Journal } from '../../journal/journal.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { lmdbReader } from '../../journal/read-blocks.ts'
import { writeSnapshot } from '../../journal/snapshot-file.ts'
import { applyEvent } from '../apply-event.ts'
import { type Beginning, beginningOf } from '../beginning.ts'
import { followBlocks } from '../follow-blocks.ts'
import { firstHeader, lastHeader } from '../journal-ends.ts'
import { type VerifyReport, verify } from '../verify.ts'
import { bytesOf, type OnCopied, requireWhole } from './copy-data.ts'
import { putInPlace } from './put-in-place.ts'

/** Generous: nobody waits for an answer. */
const COMMIT_DEADLINE_MS = 60_000

/**
 * Writes the journals of `sources` anew below the folder `to`: the same events under the same seqs, one epoch later.
 * Each is verified, and comes to the same state. Segments are closed at `segmentBytes`.
 * @throws JournalError when a source is damaged or `to` is taken; nothing is left then.
 */
export function rewriteData(
  sources: readonly PartitionPaths[],
  to: string,
  segmentBytes: number,
  onCopied: OnCopied,
): Promise<VerifyReport[]> {
  return putInPlace(to, bytesOf(sources), async (draft) => {
    const reports: VerifyReport[] = []
    for (const source of sources) {
      const { partition } = await firstHeader(source)
      const target = partitionPaths(draft, partition)
      const hash = await rewriteJournal(source, target, segmentBytes, onCopied)
      const report = await verify(target, { onProgress: (seq) => onCopied('verified', seq) })
      requireWhole(report)
      if (report.stateHash !== hash) throw differs(source)
      reports.push({ ...report, path: partitionPaths(to, partition).root })
    }
    return reports
  })
}

async function rewriteJournal(
  from: PartitionPaths,
  to: PartitionPaths,
  segmentBytes: number,
  onCopied: OnCopied,
): Promise<string> {
  const beginning = await beginningOf(from)
  const { state, head } = beginning
  const identity = await firstHeader(from)
  const { epoch } = await lastHeader(from)
  if (beginning.base !== undefined) await writeSnapshot(to.snapshots, identity, head, state)
  const journal = await openLmdbJournal(to.journal, {
    ...{ identity, head, epoch: epoch + 1, segmentBytes, commitDeadlineMs: COMMIT_DEADLINE_MS },
  })
  try {
    await appendAll(from, beginning, journal, onCopied)
    if (state.lastSeq > head.seq) await writeSnapshot(to.snapshots, identity, journal.head, state)
  } finally {
    await journal.close()
  }
  return stateHash(state)
}

async function appendAll(
  from: PartitionPaths,
  { state, head, identity }: Beginning,
  journal: Journal,
  onCopied: OnCopied,
): Promise<void> {
  let events: Event[] = []
  const append = async () => {
    if (events.length === 0) return
    await journal.append({ firstSeq: journal.head.seq + 1, events })
    events = []
    onCopied('copied', journal.head.seq)
  }
  for await (const block of followBlocks(lmdbReader(from.journal), new Chain(identity, head))) {
    for (const event of block.events) {
      applyEvent(state, event, block)
      events.push(event)
      if (events.length === BLOCK_EVENTS_MAX) await append()
    }
  }
  await append()
}

function differs(source: PartitionPaths): JournalError {
  const message = `${source.journal}: the journal that was written from it comes to another state.`
  return new JournalError('snapshot_mismatch', message)
}
