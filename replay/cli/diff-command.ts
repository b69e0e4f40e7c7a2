// `replay diff`: where two journals part, or two states: of a journal, a snapshot or a running server.
import { Command } from 'commander'
import { differenceWords } from '../diff/diff-fields.ts'
import { commonBase, diffJournals } from '../diff/diff-journals.ts'
import { compareWithServer } from '../diff/diff-server.ts'
import {
  compareJournalsAt,
  compareStates,
  type Side,
  type StateComparison,
  sideAt,
} from '../diff/diff-sides.ts'
import { lastSeqAt } from '../plan.ts'
import { API_KEY_VARIABLE, keyArgument, urlArgument } from './arguments.ts'
import { count, EXIT, type OutputFlags, printJson, printPairs, SeqProgress } from './output.ts'

interface DiffFlags extends OutputFlags {
  readonly url?: string
  readonly apiKey?: string
}

const HELP = `
Two journals are compared event by event. Otherwise states are: a journal's is that at the seq of the snapshot, or of
the server's answer. With --url, the data directory may have several partitions.

Exit codes: 0 the same, 3 a difference, 1 a fault.

Examples:
  holdfast replay diff ./data ./restored
  holdfast replay diff ./data ./backup/snapshot-0000000000004711.hfs
  holdfast replay diff ./data --url http://127.0.0.1:8080`

/** `replay diff`. */
export function diffCommand(): Command {
  return new Command('diff')
    .description(
      'the first event at which two journals part, or the first difference of two states',
    )
    .argument(
      '<left>',
      'data directory with one partition, one partition in it, or a snapshot (.hfs)',
    )
    .argument('[right]', 'the other one')
    .option('--url <url>', 'compare with this running server instead', urlArgument)
    .option('--api-key <key>', `of that server, with the scope read [${API_KEY_VARIABLE}]`)
    .option('--json', 'one JSON object; with --url one per partition')
    .option('--quiet', 'no progress')
    .addHelpText('after', HELP)
    .action(runDiff)
}

async function runDiff(left: string, right: string | undefined, flags: DiffFlags): Promise<void> {
  const { url } = flags
  if (url !== undefined && right === undefined) return diffServer(left, url, flags)
  if (url === undefined && right !== undefined) return diffPlaces(left, right, flags)
  process.stderr.write('replay diff: name either a second place or --url\n')
  process.exitCode = EXIT.usage
}

async function diffPlaces(left: string, right: string, flags: OutputFlags): Promise<void> {
  const [one, other] = [sideAt(left), sideAt(right)]
  const progress = new SeqProgress(await totalOf([one, other]), flags)
  const onProgress = (seq: number) => progress.show(seq)
  if (one.kind === 'journal' && other.kind === 'journal') {
    const base = await commonBase(one.paths, other.paths)
    // Where older segments were archived, the states that they led to stand in for them.
    const begun = base > 0 ? await compareJournalsAt(one.paths, other.paths, base) : undefined
    if (begun?.difference !== undefined) return printStates(left, right, begun, flags)
    const difference = await diffJournals(one.paths, other.paths, base, onProgress)
    progress.clear()
    return printEvents(left, right, base, difference, flags)
  }
  const found = await compareStates(one, other, onProgress)
  progress.clear()
  printStates(left, right, found, flags)
}

async function diffServer(left: string, url: string, flags: DiffFlags): Promise<void> {
  const apiKey = keyArgument(flags.apiKey ?? process.env[API_KEY_VARIABLE])
  let [total, progress] = [0, new SeqProgress(0, flags)]
  const onProgress = (seq: number, lastSeq: number) => {
    // Every partition ends at a seq of its own, which the server names.
    if (lastSeq !== total) [total, progress] = [lastSeq, new SeqProgress(lastSeq, flags)]
    progress.show(seq)
  }
  for await (const found of compareWithServer(left, { url, apiKey }, onProgress)) {
    progress.clear()
    printStates(left, url, found, flags)
  }
}

async function totalOf(sides: readonly Side[]): Promise<number> {
  const journals = sides.flatMap((side) => (side.kind === 'journal' ? [side.paths] : []))
  const totals = await Promise.all(journals.map(lastSeqAt))
  return Math.max(0, ...totals)
}

function printEvents(
  left: string,
  right: string,
  base: number,
  difference: Awaited<ReturnType<typeof diffJournals>>,
  flags: OutputFlags,
): void {
  if (difference !== undefined) process.exitCode = EXIT.discrepancy
  if (flags.json === true) printJson({ same: difference === undefined, ...difference })
  else if (difference === undefined) printPairs([['same', sameWords(base)]])
  else {
    printPairs([
      ['first difference', `seq ${difference.seq}, field ${difference.field}`],
      [left, JSON.stringify(difference.left) ?? 'ended'],
      [right, JSON.stringify(difference.right) ?? 'ended'],
    ])
  }
}

function sameWords(base: number): string {
  if (base === 0) return 'all events are equal'
  return `the state at seq ${count(base)} and all events after it are equal`
}

function printStates(
  left: string,
  right: string,
  { difference, ...found }: StateComparison,
  flags: OutputFlags,
): void {
  const isSame = difference === undefined
  if (!isSame) process.exitCode = EXIT.discrepancy
  if (flags.json === true) {
    printJson({ same: isSame, ...found, ...difference })
    return
  }
  printPairs([
    isSame ? ['same', found.stateHash] : ['first difference', differenceWords(difference)],
    ['as of', `seq ${count(found.seq)}`],
    ['left', left],
    ['right', right],
  ])
}
