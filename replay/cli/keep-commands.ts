// `replay snapshot | archive | trim`: keep a journal quick to start from, and no longer than it must be.
import { Command } from 'commander'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { listSegments } from '../../journal/segments.ts'
import {
  archiveSegments,
  type Retired,
  segmentsBefore,
  trimSegments,
} from '../keep/retire-segments.ts'
import { partitionsAt } from '../partition-place.ts'
import { type SnapshotTaken, takeSnapshot } from '../take-snapshot.ts'
import { seqArgument } from './arguments.ts'
import { count, type OutputFlags, printJson, printPairs } from './output.ts'

/** `replay snapshot`. */
export function snapshotCommand(): Command {
  return new Command('snapshot')
    .description('write a snapshot now; a running server is not disturbed')
    .argument('[directory]', 'data directory, or one partition in it', './data')
    .option('--json', 'one JSON object per partition')
    .option('--quiet', 'no progress')
    .addHelpText('after', '\nExample:\n  holdfast replay snapshot ./data')
    .action(async (directory: string, flags: OutputFlags) => {
      for (const { journal, snapshots } of partitionsAt(directory)) {
        const onSkippedSnapshot = (place: { path: string }) => {
          process.stderr.write(`replay snapshot: ${place.path} is damaged and was passed over\n`)
        }
        const expected = undefined
        const taken = await takeSnapshot({ journal, snapshots, expected, onSkippedSnapshot })
        if (flags.json === true) printJson(taken)
        else printPairs([['snapshot', takenWords(taken)]])
      }
    })
}

function takenWords(taken: SnapshotTaken): string {
  if (taken.kind === 'written') return `written, seq ${count(taken.seq)}, hash ${taken.stateHash}`
  if (taken.seq === 0) return 'not needed: the journal has no event'
  return `not needed: the newest covers seq ${count(taken.seq)}`
}

interface RetireFlags extends OutputFlags {
  readonly to: string
  readonly before?: number
  readonly dryRun?: boolean
}

/** `replay archive`. */
export function archiveCommand(): Command {
  return new Command('archive')
    .description('move closed segments to another place; a running server is not disturbed')
    .argument('[directory]', 'data directory, or one partition in it', './data')
    .requiredOption(
      '--to <directory>',
      'the archive: a new folder, or where older segments went before',
    )
    .option(
      '--before <seq>',
      'only those that end before this event (default: all closed)',
      seqArgument,
    )
    .option('--dry-run', 'only say which')
    .option('--json', 'one JSON object per partition')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nThe archive is the older part of the journal: `verify`, `state`, `history` and `dump` work on it.\n\nExample:\n' +
        '  holdfast replay archive ./data --to /mnt/cold/holdfast',
    )
    .action(async (directory: string, flags: RetireFlags) => {
      const beforeSeq = flags.before ?? Number.MAX_SAFE_INTEGER
      for (const paths of partitionsAt(directory)) {
        if (flags.dryRun === true) printRetired(wouldGo(paths, beforeSeq), 'would move', flags)
        else printRetired(await archiveSegments(paths, flags.to, beforeSeq), 'moved', flags)
      }
    })
}

/** `replay trim`. */
export function trimCommand(): Command {
  return new Command('trim')
    .description('delete closed segments that a snapshot covers; a running server is not disturbed')
    .argument('[directory]', 'data directory, or one partition in it', './data')
    .requiredOption('--before <seq>', 'those that end before this event', seqArgument)
    .option('--dry-run', 'only say which')
    .option('--json', 'one JSON object per partition')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nWhat is deleted cannot be questioned any more: `archive` keeps it.\n\nExample:\n' +
        '  holdfast replay trim ./data --before 1000000 --dry-run',
    )
    .action(async (directory: string, flags: RetireFlags & { before: number }) => {
      for (const paths of partitionsAt(directory)) {
        if (flags.dryRun === true) printRetired(wouldGo(paths, flags.before), 'would delete', flags)
        else printRetired(await trimSegments(paths, flags.before), 'deleted', flags)
      }
    })
}

function wouldGo(paths: PartitionPaths, beforeSeq: number): Retired {
  const places = segmentsBefore(paths, beforeSeq)
  const kept = listSegments(paths.journal)[places.length]
  return {
    path: paths.root,
    segments: places.map(({ path }) => path),
    firstSeq: kept?.firstSeq ?? 0,
  }
}

function printRetired(retired: Retired, verb: string, flags: OutputFlags): void {
  if (flags.json === true) printJson(retired)
  else printPairs(retiredPairs(retired, verb))
}

function retiredPairs({ path, segments, firstSeq }: Retired, verb: string): [string, string][] {
  return [
    [verb, `${count(segments.length)} segments of ${path}`],
    ...segments.map((segment): [string, string] => ['', segment]),
    ['journal', `begins at seq ${count(firstSeq)}`],
  ]
}
