// `replay state | history`: questions about the past, answered from the journal alone.
import { Command } from 'commander'
import { type EventRecord, eventRecord } from '../event-record.ts'
import { partitionAt } from '../partition-place.ts'
import { lastSeqAt } from '../plan.ts'
import { stateReport } from '../state-report.ts'
import { TO_THE_END, type WalkEnd, walk } from '../walk.ts'
import { endArgument, reservationArgument } from './arguments.ts'
import {
  EXIT,
  endWithFault,
  instant,
  noteBase,
  type OutputFlags,
  printJson,
  printLine,
  printPairs,
  printTable,
  SeqProgress,
} from './output.ts'

interface StateFlags extends OutputFlags {
  readonly at?: WalkEnd
  readonly sku?: string
}

interface HistoryFlags extends OutputFlags {
  readonly reservation?: string
  readonly buyer?: string
  readonly sku?: string
}

/** `replay state`. */
export function stateCommand(): Command {
  return new Command('state')
    .description('the exact state at a point in time')
    .argument('[directory]', 'data directory with one partition, or one partition in it', './data')
    .option('--at <seq|time>', 'the last event that counts (default: all)', endArgument)
    .option('--sku <sku>', 'only this SKU')
    .option('--json', 'one JSON object')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast replay state --at 4711\n  holdfast replay state ./data --at 2026-11-11T20:00:00Z --sku lamp --json',
    )
    .action(runState)
}

/** `replay history`. */
export function historyCommand(): Command {
  return new Command('history')
    .description('the timeline of one reservation, buyer or SKU')
    .argument('[directory]', 'data directory with one partition, or one partition in it', './data')
    .option('--reservation <id>', 'of this reservation', reservationArgument)
    .option('--buyer <buyer>', 'of this buyer')
    .option('--sku <sku>', 'of this SKU')
    .option('--json', 'one JSON object per event')
    .option('--quiet', 'no progress')
    .addHelpText('after', '\nExample:\n  holdfast replay history ./data --buyer ann')
    .action(runHistory)
}

async function runState(directory: string, flags: StateFlags): Promise<void> {
  const paths = partitionAt(directory)
  const end = flags.at ?? TO_THE_END
  const progress = new SeqProgress(end.seq ?? (await lastSeqAt(paths)), flags)
  const walked = await walk(paths, end, { onProgress: (seq) => progress.show(seq) })
  progress.clear()
  const { lastSeq } = walked.state
  if (!walked.hasReachedEnd) return endWithFault(`state: the journal ends at seq ${lastSeq}`)
  const report = stateReport(walked.state, flags.sku)
  if (flags.sku !== undefined && report.skus.length === 0) {
    return endWithFault(`state: no event of SKU ${flags.sku} up to seq ${lastSeq}`)
  }
  if (flags.json === true) return printJson(report)
  printPairs([
    ['as of', `seq ${report.seq}, ${instant(report.at)}`],
    ['state hash', report.stateHash],
    ['reservations', `${report.reservations} remembered, ${report.holds} held`],
  ])
  const head = ['sku', 'stock', 'available', 'held', 'sold', 'seq']
  const rows = report.skus.map((sku) => [
    ...[sku.sku, sku.stock, sku.available],
    ...[sku.held, sku.sold, sku.seq],
  ])
  printTable(head, rows)
}

async function runHistory(directory: string, flags: HistoryFlags): Promise<void> {
  const asked = [flags.reservation, flags.buyer, flags.sku].filter((one) => one !== undefined)
  if (asked.length !== 1) {
    process.stderr.write('replay history: name one of --reservation, --buyer and --sku\n')
    process.exitCode = EXIT.usage
    return
  }
  if (flags.json === true) {
    await tell(directory, flags, (record) => printLine(JSON.stringify(record)))
    return
  }
  const records: EventRecord[] = []
  await tell(directory, flags, (record) => {
    records.push(record)
  })
  if (records.length > 0) printHistory(records)
}

function printHistory(records: readonly EventRecord[]): void {
  const head = ['seq', 'time', 'event', 'sku', 'buyer', 'units', 'reservation', 'available', 'held']
  const rows = records.map((one) => [
    ...[one.seq, one.time, one.type, one.sku, one.buyer],
    ...[one.quantity ?? one.returnedTotal ?? one.delta ?? one.stock, one.reservation],
    ...[one.available, one.held, one.sold, one.by],
  ])
  printTable([...head, 'sold', 'by'], rows)
}

// Hands on each record that is asked for as it is read; a promise that comes back is waited for.
async function tell(
  directory: string,
  flags: HistoryFlags,
  onRecord: (record: EventRecord) => Promise<void> | undefined | void,
): Promise<void> {
  const paths = partitionAt(directory)
  // On one terminal the records themselves show how far it is.
  const isQuiet = flags.quiet === true || (flags.json === true && process.stdout.isTTY === true)
  const progress = new SeqProgress(await lastSeqAt(paths), { quiet: isQuiet })
  let hasFound = false
  const { baseSeq } = await walk(paths, TO_THE_END, {
    onEvent: (event, state) => {
      const record = eventRecord(event, state)
      if (!concerns(record, flags)) return undefined
      hasFound = true
      return onRecord(record) ?? undefined
    },
    onProgress: (seq) => progress.show(seq),
  })
  progress.clear()
  noteBase('history', baseSeq)
  if (!hasFound) endWithFault(`history: no event of ${entityWords(flags)} in ${directory}`)
}

function entityWords({ reservation, buyer, sku }: HistoryFlags): string {
  if (reservation !== undefined) return `reservation ${reservation}`
  return buyer === undefined ? `SKU ${sku}` : `buyer ${buyer}`
}

function concerns(record: EventRecord, flags: HistoryFlags): boolean {
  if (flags.reservation !== undefined) return record.reservation === flags.reservation
  return flags.buyer === undefined ? record.sku === flags.sku : record.buyer === flags.buyer
}
