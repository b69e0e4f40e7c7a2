// `replay dump`: events to stdout, as they are read.
import { Command, Option } from 'commander'
import type { Event } from '../../core/event.ts'
import type { PartitionState } from '../../core/partition-state.ts'
import type { PartitionPaths } from '../../journal/data-directory.ts'
import { beginningOf } from '../beginning.ts'
import { EVENT_COLUMNS, EVENT_KINDS, eventRecord } from '../event-record.ts'
import { lastBlock, lastSeqOf } from '../journal-ends.ts'
import { partitionAt } from '../partition-place.ts'
import { walk } from '../walk.ts'
import { seqArgument } from './arguments.ts'
import { csvLine } from './csv-line.ts'
import { EXIT, endWithFault, noteBase, type OutputFlags, printLine, SeqProgress } from './output.ts'

interface DumpFlags extends OutputFlags {
  readonly from?: number
  readonly to?: number
  readonly type?: Event['kind']
  readonly sku?: string
  readonly format: 'ndjson' | 'csv'
}

/** `replay dump`. */
export function dumpCommand(): Command {
  return new Command('dump')
    .description('events to stdout, one per line')
    .argument('[directory]', 'data directory with one partition, or one partition in it', './data')
    .option('--from <seq>', 'first seq', seqArgument)
    .option('--to <seq>', 'last seq', seqArgument)
    .addOption(new Option('--type <type>', 'only this kind of event').choices(EVENT_KINDS))
    .option('--sku <sku>', 'only this SKU')
    .addOption(new Option('--format <format>', 'how').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExamples:\n  holdfast replay dump ./data | jq \'select(.type == "reserved")\'\n  holdfast replay dump --format csv > events.csv',
    )
    .action(runDump)
}

async function runDump(directory: string, flags: DumpFlags): Promise<void> {
  const { from = 1, to } = flags
  if (to !== undefined && from > to) {
    process.stderr.write(`replay dump: --from ${from} comes after --to ${to}\n`)
    process.exitCode = EXIT.usage
    return
  }
  const paths = partitionAt(directory)
  const { block, fault } = await lastBlock(paths)
  const lastSeq = lastSeqOf(block)
  // Where the end cannot be read, the walk tells why.
  const isBeyond = fault === undefined && Math.max(flags.from ?? 0, to ?? 0) > lastSeq
  if (isBeyond) return endWithFault(`dump: the journal ends at seq ${lastSeq}`)
  const base = (await beginningOf(paths)).head.seq
  if (flags.from !== undefined && flags.from <= base) {
    return endWithFault(`dump: the journal begins after seq ${base}; what came before was archived`)
  }
  await dump(paths, flags, to ?? lastSeq)
}

async function dump(paths: PartitionPaths, flags: DumpFlags, total: number): Promise<void> {
  const writer = new EventWriter(flags)
  // On one terminal the events themselves show how far it is.
  const isQuiet = flags.quiet === true || process.stdout.isTTY === true
  const progress = new SeqProgress(total, { quiet: isQuiet })
  const end = { seq: flags.to, at: undefined }
  const { state, baseSeq } = await walk(paths, end, {
    onEvent: (event, after) =>
      isDumped(event, after, flags) ? writer.write(event, after) : undefined,
    onProgress: (seq) => progress.show(seq),
  })
  progress.clear()
  const { sku } = flags
  if (sku !== undefined && state.actorOf(sku) === undefined) {
    return endWithFault(`dump: no event of SKU ${sku} up to seq ${state.lastSeq}`)
  }
  if (flags.from === undefined) noteBase('dump', baseSeq)
  writer.finish()
}

function isDumped(event: Event, state: PartitionState, flags: DumpFlags): boolean {
  const isLateEnough = flags.from === undefined || state.lastSeq >= flags.from
  return isLateEnough && (flags.type === undefined || event.kind === flags.type)
}

/** Writes events to stdout; the head of CSV goes before the first, so that a fault before it leaves stdout empty. */
class EventWriter {
  readonly #isCsv: boolean
  readonly #sku: string | undefined
  #isHeadDue: boolean

  constructor({ format, sku }: DumpFlags) {
    this.#isCsv = format === 'csv'
    this.#isHeadDue = this.#isCsv
    this.#sku = sku
  }

  /** Writes the event that `state` has just applied, unless it is of another SKU than the one asked for. */
  write(event: Event, state: PartitionState): Promise<void> | undefined {
    const record = eventRecord(event, state)
    if (this.#sku !== undefined && record.sku !== this.#sku) return undefined
    this.#writeHead()
    return printLine(
      this.#isCsv ? csvLine(EVENT_COLUMNS.map((name) => record[name])) : JSON.stringify(record),
    )
  }

  /** There are no more. */
  finish(): void {
    this.#writeHead()
  }

  #writeHead(): void {
    if (this.#isHeadDue) process.stdout.write(`${csvLine(EVENT_COLUMNS)}\n`)
    this.#isHeadDue = false
  }
}
