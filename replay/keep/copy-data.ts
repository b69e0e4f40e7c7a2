// Copies whole data directories: hot backups, and what comes back from them. A copy counts once it was verified.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type PartitionPaths, partitionPaths } from '../../journal/data-directory.ts'
import { JournalError } from '../../journal/errors.ts'
import { listSegments, segmentFile } from '../../journal/segments.ts'
import { ReplayError } from '../errors.ts'
import { firstHeader } from '../journal-ends.ts'
import { type VerifyReport, verify } from '../verify.ts'
import { TO_THE_END, type WalkEnd } from '../walk.ts'
import { copyJournal } from './copy-journal.ts'
import { putInPlace } from './put-in-place.ts'

/** What a backup says of itself, in the file of this name. */
const MANIFEST = 'backup.json'
const MANIFEST_VERSION = 1

interface Manifest {
  readonly version: number
  readonly partitions: readonly ManifestEntry[]
}

interface ManifestEntry {
  readonly partition: string
  readonly lastSeq: number
  readonly chainHash: string
  readonly stateHash: string
}

/** Called while a partition is copied, and then verified, with the seq reached. */
export type OnCopied = (what: 'copied' | 'verified', seq: number) => void

/**
 * A consistent copy of each of `sources` below the new folder `to`, as far as they are on disk when it gets there. Each
 * copy is verified whole, and what it is is written beside it for `restoreData`.
 * @throws JournalError when a source is damaged or `to` is taken; nothing is left then.
 */
export function backupData(
  sources: readonly PartitionPaths[],
  to: string,
  onCopied: OnCopied,
): Promise<VerifyReport[]> {
  return putInPlace(to, bytesOf(sources), async (draft) => {
    const reports = await copyAll(sources, draft, to, TO_THE_END, onCopied)
    const manifest: Manifest = { version: MANIFEST_VERSION, partitions: reports.map(entryOf) }
    writeFileSync(join(draft, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true })
    return reports
  })
}

/**
 * A data directory `to` with the journals of `sources`, up to `end`. From a backup it must be what the backup says.
 * @throws JournalError when a source is damaged, `to` is taken or the backup differs; nothing is left then.
 */
export function restoreData(
  sources: readonly PartitionPaths[],
  to: string,
  end: WalkEnd,
  onCopied: OnCopied,
): Promise<VerifyReport[]> {
  return putInPlace(to, bytesOf(sources), async (draft) => {
    const reports = await copyAll(sources, draft, to, end, onCopied)
    if (end !== TO_THE_END) return reports
    for (const [index, source] of sources.entries()) compare(source, reports[index])
    return reports
  })
}

/** Bytes of the segments of `sources`. */
export function bytesOf(sources: readonly PartitionPaths[]): number {
  const segments = sources.flatMap(({ journal }) => listSegments(journal))
  const sizes = segments.map(
    ({ path }) => statSync(segmentFile(path), { throwIfNoEntry: false })?.size ?? 0,
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** @throws JournalError with the first discrepancy of `report`, when there is one. */
export function requireWhole(report: VerifyReport): void {
  const [first] = report.discrepancies
  if (first === undefined) return
  throw new JournalError('journal_damaged', `${first.where}: ${first.broken}: ${first.what}`)
}

async function copyAll(
  sources: readonly PartitionPaths[],
  draft: string,
  to: string,
  end: WalkEnd,
  onCopied: OnCopied,
): Promise<VerifyReport[]> {
  const reports: VerifyReport[] = []
  for (const source of sources) {
    const { partition } = await firstHeader(source)
    const target = partitionPaths(draft, partition)
    await copyJournal(source, target, end, (seq) => onCopied('copied', seq))
    const report = await verify(target, { onProgress: (seq) => onCopied('verified', seq) })
    requireWhole(report)
    reports.push({ ...report, path: partitionPaths(to, partition).root })
  }
  return reports
}

/** @throws ReplayError `backup_differs` when the backup in folder `from` names partitions that `sources` lack. */
export function requireAllPartitions(from: string, sources: readonly PartitionPaths[]): void {
  const path = join(from, MANIFEST)
  if (!existsSync(path)) return
  const folders = sources.map(({ root }) => basename(root))
  for (const { partition } of readManifest(path)) {
    const folder = basename(partitionPaths(from, Number.parseInt(partition, 10)).root)
    if (folders.includes(folder)) continue
    throw new ReplayError(
      'backup_differs',
      `${path} names partition ${partition}, which is missing.`,
    )
  }
}

function entryOf(report: VerifyReport): ManifestEntry {
  const { partition = '', lastSeq, chainHash, stateHash } = report
  return { partition, lastSeq, chainHash, stateHash }
}

// A source that is no backup has no manifest, and nothing to be compared with.
function compare(source: PartitionPaths, report: VerifyReport | undefined): void {
  const path = join(dirname(source.root), MANIFEST)
  if (report === undefined || !existsSync(path)) return
  const said = readManifest(path).find(({ partition }) => partition === report.partition)
  const found = entryOf(report)
  const isSame = said !== undefined && JSON.stringify(said) === JSON.stringify(found)
  if (isSame) return
  throw new ReplayError(
    'backup_differs',
    `${path} says of partition ${report.partition}: ${JSON.stringify(said) ?? 'nothing'}; what is there is ` +
      `${JSON.stringify(found)}. The backup was changed after it was made.`,
  )
}

function readManifest(path: string): readonly ManifestEntry[] {
  try {
    const { partitions } = JSON.parse(readFileSync(path, 'utf8')) as Manifest
    // Whatever was made of it: each entry must at least be asked for its fields.
    return [...partitions].map((entry) => ({ ...entry }))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ReplayError('backup_differs', `${path} cannot be read: ${reason}.`, { cause })
  }
}
