// `replay repair`: what is damaged, what could be saved, and the two ways to give the rest up.
import { Command } from 'commander'
import { type Diagnosis, diagnose } from '../keep/diagnose.ts'
import { dropTornTail, type Repaired, truncateAt } from '../keep/repair.ts'
import { partitionAt } from '../partition-place.ts'
import { lastSeqAt } from '../plan.ts'
import type { VerifyReport } from '../verify.ts'
import { countArgument } from './arguments.ts'
import {
  count,
  EXIT,
  instant,
  type OutputFlags,
  printJson,
  printPairs,
  SeqProgress,
  style,
} from './output.ts'

interface RepairFlags extends OutputFlags {
  readonly dropTornTail?: boolean
  readonly truncateAt?: number
  readonly iAcceptLosing?: number
}

/** `replay repair`. */
export function repairCommand(): Command {
  return new Command('repair')
    .description('say what is damaged; give up what cannot be saved, if you say so')
    .argument('[directory]', 'data directory with one partition, or one partition in it', './data')
    .option('--drop-torn-tail', 'drop segments that were made and never begun: no answer was lost')
    .option('--truncate-at <seq>', 'cut the journal off after this event', countArgument)
    .option('--i-accept-losing <events>', 'how many events that loses, exactly', countArgument)
    .option('--json', 'one JSON object')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nWithout options nothing is changed. A repair needs the server stopped, and keeps the original beside.\n' +
        'Before you give anything up, look for a backup: `holdfast replay restore`.\n\n' +
        'Exit codes: 0 whole or repaired, 3 damaged, 1 a fault.\n\nExamples:\n  holdfast replay repair ./data\n' +
        '  holdfast replay repair ./data --truncate-at 482112 --i-accept-losing 310',
    )
    .action(runRepair)
}

async function runRepair(directory: string, flags: RepairFlags): Promise<void> {
  const isTruncating = flags.truncateAt !== undefined
  if (isTruncating !== (flags.iAcceptLosing !== undefined)) {
    process.stderr.write('replay repair: --truncate-at and --i-accept-losing go together\n')
    process.exitCode = EXIT.usage
    return
  }
  const paths = partitionAt(directory)
  const progress = new SeqProgress(await lastSeqAt(paths), flags)
  const found = await diagnose(paths, (seq) => progress.show(seq))
  progress.clear()
  if (flags.dropTornTail === true) return printRepaired(await dropTornTail(paths, found), flags)
  if (flags.truncateAt !== undefined && flags.iAcceptLosing !== undefined) {
    const repaired = await truncateAt(paths, found, flags.truncateAt, flags.iAcceptLosing)
    return printRepaired(repaired, flags)
  }
  if (found.fault !== undefined) process.exitCode = EXIT.discrepancy
  if (flags.json === true) printJson(found)
  else printPairs(pairsOf(found, directory))
}

function pairsOf(found: Diagnosis, directory: string): [string, string][] {
  const { fault, goodSeq, knownSeq, startFault, torn } = found
  const readable = `seq ${count(goodSeq)}, ${instant(found.goodAt)}`
  if (fault === undefined) {
    const tail = torn.length === 0 ? 'none' : `${torn.join(', ')}: --drop-torn-tail removes it`
    return [
      ['verdict', style('green', 'whole')],
      ['last event', readable],
      ['torn tail', tail],
    ]
  }
  const lost = knownSeq - goodSeq
  return [
    ['verdict', `${style('red', 'damaged')} [${fault.code}]`],
    ['what', fault.message],
    ['can be replayed', `up to ${readable}`],
    ['known to exist', `up to seq ${count(knownSeq)}, at least`],
    ['a start', startWords(startFault)],
    ['first choice', 'restore the file from a backup or a replica'],
    [
      'last resort',
      `holdfast replay repair ${directory} --truncate-at ${goodSeq} --i-accept-losing ${lost}`,
    ],
  ]
}

function startWords(startFault: Diagnosis['startFault']): string {
  if (startFault !== undefined) return `refuses [${startFault.code}]`
  return 'works: a snapshot covers the damage, only history is lost. Back the state up before anything else'
}

function printRepaired({ aside, report }: Repaired, flags: OutputFlags): void {
  if (flags.json === true) printJson({ aside, ...report })
  else printPairs(repairedPairs(aside, report))
  if (report.discrepancies.length > 0) process.exitCode = EXIT.discrepancy
}

function repairedPairs(aside: string, report: VerifyReport): [string, string][] {
  return [
    ['repaired', report.path],
    ['original', aside],
    ['last seq', count(report.lastSeq)],
    ['state hash', report.stateHash],
    [
      'verdict',
      report.discrepancies.length === 0 ? style('green', 'whole') : style('red', 'not whole'),
    ],
  ]
}
