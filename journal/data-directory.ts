// What lies where in a data directory: one folder per partition, with its journal, snapshots and owner.
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { JournalError } from './errors.ts'

/** The folders of one partition. */
export interface PartitionPaths {
  readonly root: string
  readonly journal: string
  readonly snapshots: string
}

/** Where partition `partition` of the data directory `data` keeps its files. */
export function partitionPaths(data: string, partition: number): PartitionPaths {
  const root = join(data, `partition-${partition}`)
  return { root, journal: join(root, 'journal'), snapshots: join(root, 'snapshots') }
}

/** What a repair calls the folder that it writes, and the one that it puts aside, behind the partition's own name. */
export const REPAIRED_SUFFIX = '.repaired-'
export const DAMAGED_SUFFIX = '.damaged-'

/**
 * @throws JournalError `journal_gap` when the partition's folder is missing because a repair was cut off between putting
 * the old one aside and naming the new one: to begin anew then would lose everything.
 */
export function requireNoCutRepair(paths: PartitionPaths): void {
  const data = dirname(paths.root)
  if (existsSync(paths.root) || !existsSync(data)) return
  const name = basename(paths.root)
  const left = readdirSync(data).filter(
    (one) => one.startsWith(name + REPAIRED_SUFFIX) || one.startsWith(name + DAMAGED_SUFFIX),
  )
  if (left.length === 0) return
  throw new JournalError(
    'journal_gap',
    `${paths.root} is missing, but ${left.join(' and ')} are beside it: a repair was cut off. Rename the repaired one, ` +
      `or else the damaged one, to ${name}.`,
  )
}
