// `replay backup | restore | rebuild`: copies of journals, each verified before it counts.
import { Command } from 'commander'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { backupData, type OnCopied, requireAllPartitions, restoreData } from '../keep/copy-data.ts'
import { rewriteData } from '../keep/rewrite-journal.ts'
import { partitionsAt } from '../partition-place.ts'
import { lastSeqAt } from '../plan.ts'
import type { VerifyReport } from '../verify.ts'
import { TO_THE_END, type WalkEnd } from '../walk.ts'
import { endArgument, segmentBytesOption } from './arguments.ts'
import {
  EXIT,
  instant,
  type OutputFlags,
  printJson,
  printPairs,
  SeqProgress,
  seqRange,
} from './output.ts'

interface RestoreFlags extends OutputFlags {
  readonly at?: WalkEnd
}

interface RebuildFlags extends OutputFlags {
  readonly out: string
  readonly segmentBytes: number
}

/** `replay backup`. */
export function backupCommand(): Command {
  return new Command('backup')
    .description(
      'a consistent copy of a data directory, verified; a running server is not disturbed',
    )
    .argument('<directory>', 'data directory, or one partition in it')
    .argument('<to>', 'folder to write, which does not exist yet')
    .option('--json', 'one JSON object per partition')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nThe copy holds everything that was on disk when it got there, block by block, and the newest snapshots. It is\n' +
        'read back and verified whole before it gets its name.\n\nExample:\n' +
        '  holdfast replay backup ./data /backups/2026-11-27',
    )
    .action(async (directory: string, to: string, flags: OutputFlags) => {
      const sources = partitionsAt(directory)
      const copies = await watched(sources, flags, (onCopied) => backupData(sources, to, onCopied))
      printCopies(copies, 'backed up', flags)
    })
}

/** `replay restore`. */
export function restoreCommand(): Command {
  return new Command('restore')
    .description('a data directory from a backup, or from another one, up to any point in time')
    .argument('<from>', 'backup or data directory')
    .argument('<directory>', 'data directory to write, which does not exist yet')
    .option('--at <seq|time>', 'the last event that counts (default: all)', endArgument)
    .option('--json', 'one JSON object per partition')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nWhat is restored is verified whole, and held against what the backup says of itself. A server that starts on\n' +
        'it goes on from there under the same cluster: stop the old one for good.\n\nExamples:\n' +
        '  holdfast replay restore /backups/2026-11-27 ./data\n' +
        '  holdfast replay restore /backups/2026-11-27 ./before --at 2026-11-27T20:00:00Z',
    )
    .action(async (from: string, directory: string, flags: RestoreFlags) => {
      const sources = partitionsAt(from)
      requireAllPartitions(from, sources)
      const end = flags.at ?? TO_THE_END
      if (end.seq !== undefined && sources.length > 1) {
        process.stderr.write(
          'replay restore: a seq is of one partition, and there are several: use --at TIME\n',
        )
        process.exitCode = EXIT.usage
        return
      }
      const copies = await watched(sources, flags, (onCopied) =>
        restoreData(sources, directory, end, onCopied),
      )
      printCopies(copies, 'restored', flags)
    })
}

/** `replay rebuild`. */
export function rebuildCommand(): Command {
  return new Command('rebuild')
    .description('a fresh, verified journal and snapshot from an old one')
    .argument('[directory]', 'data directory, or one partition in it', './data')
    .requiredOption('--out <directory>', 'data directory to write, which does not exist yet')
    .addOption(segmentBytesOption())
    .option('--json', 'one JSON object per partition')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nThe same events under the same seqs, in large blocks: smaller, and quicker to replay.\n\nExample:\n' +
        '  holdfast replay rebuild ./data --out ./fresh',
    )
    .action(async (directory: string, flags: RebuildFlags) => {
      const sources = partitionsAt(directory)
      const copies = await watched(sources, flags, (onCopied) =>
        rewriteData(sources, flags.out, flags.segmentBytes, onCopied),
      )
      printCopies(copies, 'rebuilt', flags)
    })
}

async function watched<Result>(
  sources: readonly PartitionPaths[],
  flags: OutputFlags,
  run: (onCopied: OnCopied) => Promise<Result>,
): Promise<Result> {
  const lastSeqs = await Promise.all(sources.map((paths) => lastSeqAt(paths)))
  const total = Math.max(0, ...lastSeqs)
  let shown: { readonly what: string; readonly progress: SeqProgress } | undefined
  try {
    return await run((what, seq) => {
      // A rate is that of one kind of work, so each gets a line of its own.
      if (shown?.what !== what) shown = { what, progress: new SeqProgress(total, flags) }
      shown.progress.show(seq)
    })
  } finally {
    shown?.progress.clear()
  }
}

function printCopies(copies: readonly VerifyReport[], verb: string, flags: OutputFlags): void {
  for (const copy of copies) {
    if (flags.json === true) printJson(copy)
    else printPairs(pairsOf(copy, verb))
  }
}

function pairsOf(copy: VerifyReport, verb: string): [string, string][] {
  return [
    [verb, `partition ${copy.partition ?? '–'} to ${copy.path}`],
    ['events', `${seqRange(copy.baseSeq + 1, copy.lastSeq)}, until ${instant(copy.lastAt)}`],
    ['state hash', copy.stateHash],
    ['chain hash', copy.chainHash],
    ['verdict', 'whole'],
  ]
}
