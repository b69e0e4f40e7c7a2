// `holdfast drill kill`: kill -9 a server of its own in the middle of a sale, again and again.
import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { ClusterError } from '../cluster/errors.ts'
import { DrillError } from '../drill/errors.ts'
import { type KillDrillReport, killDrill } from '../drill/kill/kill-drill.ts'
import { DriveError } from '../drive/errors.ts'
import { numberOption } from './drive-arguments.ts'

const EXIT_FAULT = 1
const EXIT_DISCREPANCY = 3
const SAMPLE = fileURLToPath(
  new URL('../../../docs/sample/online_retail_2011_11.csv.gz', import.meta.url),
)

const EXAMPLES = `
Examples:
  holdfast drill kill
  holdfast drill kill --rounds 200 --seed 7
  holdfast drill kill --json --data /mnt/disk-to-prove/drill

The drill starts its own server on 127.0.0.1 and ends it. A seed repeats the moments of the kills, as far as the
machine's own timing allows. Exit codes: 0 every promise kept, 1 a fault, 2 usage, 3 a promise broken (the data stays).`

interface KillFlags {
  readonly rounds: number
  readonly seed?: number
  readonly file: string
  readonly limit?: number
  readonly data?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** The command, for `holdfast drill`. */
export function killCommand(): Command {
  const whole = (min: number, max: number) => numberOption({ min, max, isWhole: true })
  return new Command('kill')
    .description('sell real orders, kill -9 the server at random moments, hold it to its promises')
    .option('--rounds <n>', 'kills', whole(1, 1_000_000), 20)
    .option(
      '--seed <n>',
      'of the moments of the kills (default: random, printed)',
      whole(0, 2 ** 31),
    )
    .option('--file <path>', 'orders to sell, as for `holdfast drive`', SAMPLE)
    .option(
      '--limit <lines>',
      'only the first lines of the file',
      whole(1, Number.MAX_SAFE_INTEGER),
    )
    .option(
      '--data <directory>',
      'where to run (default: a temporary directory, removed when all is well)',
    )
    .option('--json', 'print one JSON object')
    .option('--quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action(runKill)
}

async function runKill(flags: KillFlags): Promise<void> {
  const seed = flags.seed ?? randomInt(2 ** 31)
  const directory = flags.data ?? mkdtempSync(join(tmpdir(), 'holdfast-drill-'))
  mkdirSync(directory, { recursive: true })
  const note = (text: string) => {
    if (flags.quiet !== true) process.stderr.write(`${text}\n`)
  }
  note(`seed ${seed}, ${flags.rounds} kills, in ${directory}`)
  try {
    const { rounds, file, limit } = flags
    const onRound = (round: number, acknowledged: number) =>
      note(`kill ${round} of ${rounds} survived, ${acknowledged} reservations acknowledged so far`)
    const report = await killDrill({ rounds, file, limit, seed, directory, onRound })
    conclude(report, directory, flags)
  } catch (error) {
    if (
      !(error instanceof DrillError || error instanceof DriveError || error instanceof ClusterError)
    )
      throw error
    process.stderr.write(`drill: ${error.message}\nThe data is in ${directory}.\n`)
    process.exitCode = EXIT_FAULT
  }
}

function conclude(report: KillDrillReport, directory: string, flags: KillFlags): void {
  const { lost, oversold, stranded, doubled, ledgerDifferences, hashMismatches } = report
  const broken = lost + oversold + stranded + doubled + ledgerDifferences + hashMismatches
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : inWords(report))
  if (broken > 0) {
    process.stderr.write(`drill: a promise was broken; the data is in ${directory}\n`)
    process.exitCode = EXIT_DISCREPANCY
  } else if (flags.data === undefined) rmSync(directory, { recursive: true })
}

function inWords(report: KillDrillReport): string {
  const { lost, oversold, stranded, doubled, ledgerDifferences, hashMismatches } = report
  return (
    `kills=${report.rounds} acknowledged=${report.acknowledged} seed=${report.seed}\n` +
    `acknowledged-but-lost=${lost} oversold=${oversold} stranded=${stranded} doubled=${doubled} ` +
    `ledger-differences=${ledgerDifferences} hash-mismatch=${hashMismatches}\n`
  )
}
