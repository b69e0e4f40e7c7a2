// Where an operator points: a data directory, or the folder of one partition in it.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type PartitionPaths, partitionPaths } from '../journal/data-directory.ts'
import { JournalError } from '../journal/errors.ts'

const PARTITION_NAME = /^partition-(\d+)$/

/**
 * The partitions at `directory`, by number: those of a data directory, or the one whose folder it is.
 * @throws JournalError `not_a_journal` when there is none.
 */
export function partitionsAt(directory: string): PartitionPaths[] {
  if (existsSync(join(directory, 'journal'))) return [partitionOfFolder(resolve(directory))]
  const isFolder = statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true
  const numbers = isFolder ? partitionNumbers(directory) : []
  if (numbers.length > 0) return numbers.map((number) => partitionPaths(directory, number))
  throw new JournalError(
    'not_a_journal',
    `${directory} holds no journal: expected a data directory with partition-0/journal in it, or a partition's folder.`,
  )
}

/** The one partition at `directory`. @throws JournalError `not_a_journal` when there is none, or more than one. */
export function partitionAt(directory: string): PartitionPaths {
  const [first, ...more] = partitionsAt(directory)
  if (first !== undefined && more.length === 0) return first
  throw new JournalError(
    'not_a_journal',
    `${directory} holds ${more.length + 1} partitions: name one of them, like ${join(directory, 'partition-0')}.`,
  )
}

/** The partition whose folder is `root`. */
export function partitionOfFolder(root: string): PartitionPaths {
  return { root, journal: join(root, 'journal'), snapshots: join(root, 'snapshots') }
}

function partitionNumbers(directory: string): number[] {
  return readdirSync(directory)
    .flatMap((name) => {
      const digits = PARTITION_NAME.exec(name)?.[1]
      return digits === undefined ? [] : [Number(digits)]
    })
    .sort((left, right) => left - right)
}
