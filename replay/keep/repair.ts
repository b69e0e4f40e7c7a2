// Repairs that give something up, on the word of an operator. The original is always kept aside.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import {
  DAMAGED_SUFFIX,
  type PartitionPaths,
  REPAIRED_SUFFIX,
} from '../../journal/data-directory.ts'
import { takeOwnership } from '../../journal/owner.ts'
import { syncFolder } from '../../journal/sync-folder.ts'
import { ReplayError } from '../errors.ts'
import { partitionOfFolder } from '../partition-place.ts'
import { type VerifyReport, verify } from '../verify.ts'
import { requireWhole } from './copy-data.ts'
import { copyJournal } from './copy-journal.ts'
import { type Diagnosis, witnessedSeq } from './diagnose.ts'

export interface Repaired {
  /** Folder that the original, or what was dropped of it, now lies in. */
  readonly aside: string
  readonly report: VerifyReport
}

/**
 * Moves segments aside that were made but never begun: a crash came before anything could be acknowledged in them.
 * @throws ReplayError `not_repairable` when there are none, `journal_owned` when a server is running.
 */
export async function dropTornTail(paths: PartitionPaths, found: Diagnosis): Promise<Repaired> {
  if (found.torn.length === 0) {
    const why =
      found.fault === undefined
        ? 'the journal is whole'
        : 'what is damaged may have been acknowledged; see --truncate-at'
    throw notRepairable(paths, `There is no torn tail: ${why}.`)
  }
  takeOwnership(paths.root)
  const aside = `${paths.root}.torn-${stamp()}`
  mkdirSync(aside)
  for (const path of found.torn) renameSync(path, join(aside, basename(path)))
  syncFolder(paths.journal)
  syncFolder(dirname(paths.root))
  return { aside, report: await verify(paths) }
}

/**
 * Cuts the journal off after event `seq`. `accepted` is the number of events that the operator agrees to lose, and
 * must be exactly what is known to have been behind it. The repaired journal is verified before it takes the place.
 * @throws ReplayError `not_repairable` when `seq` or `accepted` is wrong, `journal_owned` when a server is running.
 */
export async function truncateAt(
  paths: PartitionPaths,
  found: Diagnosis,
  seq: number,
  accepted: number,
): Promise<Repaired> {
  if (seq > found.goodSeq) {
    throw notRepairable(paths, `It can be replayed up to seq ${found.goodSeq} only, not to ${seq}.`)
  }
  const lost = found.knownSeq - seq
  if (lost !== accepted) {
    const words = `Cutting it off after seq ${seq} loses ${lost} events, not ${accepted}`
    throw notRepairable(
      paths,
      `${words}: say --i-accept-losing ${lost} when that is what you want.`,
    )
  }
  takeOwnership(paths.root)
  // A server may have come and gone since the diagnosis; from now on none can.
  if ((await witnessedSeq(paths)) > found.knownSeq) {
    throw notRepairable(paths, 'It has grown since it was diagnosed: begin again.')
  }
  const draft = partitionOfFolder(`${paths.root}${REPAIRED_SUFFIX}${process.pid}`)
  try {
    rmSync(draft.root, { recursive: true, force: true })
    await copyJournal(paths, draft, { seq, at: undefined }, () => undefined)
    // The repaired folder is owned from the moment that it has its name, too.
    takeOwnership(draft.root)
    const report = await verify(draft)
    requireWhole(report)
    const aside = `${paths.root}${DAMAGED_SUFFIX}${stamp()}`
    renameSync(paths.root, aside)
    renameSync(draft.root, paths.root)
    syncFolder(dirname(paths.root))
    return { aside, report: { ...report, path: paths.root } }
  } finally {
    // Once the original is aside, the draft is all there is.
    if (existsSync(paths.root)) rmSync(draft.root, { recursive: true, force: true })
  }
}

function stamp(): string {
  return new Date().toISOString().replaceAll(/[:.]/g, '-')
}

function notRepairable(paths: PartitionPaths, what: string): ReplayError {
  return new ReplayError('not_repairable', `${paths.journal}: ${what} Nothing was changed.`)
}
