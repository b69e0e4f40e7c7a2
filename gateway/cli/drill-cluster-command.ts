// `holdfast drill cluster`: kill and stop the processes of a whole cluster in the middle of a sale.
import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { ClusterError } from '../cluster/errors.ts'
import { type ClusterDrillReport, clusterDrill } from '../drill/cluster/cluster-drill.ts'
import type { Fault } from '../drill/cluster/faults.ts'
import { DrillError } from '../drill/errors.ts'
import { DriveError } from '../drive/errors.ts'
import { numberOption } from './drive-arguments.ts'

const EXIT_FAULT = 1
const EXIT_DISCREPANCY = 3
const MINUTE_MS = 60_000
const SAMPLE = fileURLToPath(
  new URL('../../../docs/sample/online_retail_2011_11.csv.gz', import.meta.url),
)

const EXAMPLES = `
Examples:
  holdfast drill cluster
  holdfast drill cluster --minutes 30 --partitions 4 --seed 7
  holdfast drill cluster --minutes 0.5 --json

Nats-server, partition owners and gateways are killed, and stopped for longer and shorter than a lease, while two gateways
sell. The drill starts its own cluster on 127.0.0.1 and ends it. A seed repeats the faults, as far as the machine's own
timing allows. Exit codes: 0 every promise kept, 1 a fault, 2 usage, 3 a promise broken (the data stays).`

interface ClusterFlags {
  readonly minutes: number
  readonly partitions: number
  readonly gateways: number
  readonly seed?: number
  readonly file: string
  readonly limit?: number
  readonly data?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** The command, for `holdfast drill`. */
export function clusterDrillCommand(): Command {
  const whole = (min: number, max: number) => numberOption({ min, max, isWhole: true })
  const minutes = numberOption({ min: 0.05, max: 10_000, isWhole: false })
  return new Command('cluster')
    .description('sell real orders through a cluster whose processes are killed and stopped')
    .option('--minutes <n>', 'how long faults come', minutes, 3)
    .option('--partitions <n>', 'partition owners', whole(1, 16), 2)
    .option('--gateways <n>', 'gateways', whole(1, 16), 2)
    .option('--seed <n>', 'of the faults (default: random, printed)', whole(0, 2 ** 31))
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
    .action(runClusterDrill)
}

async function runClusterDrill(flags: ClusterFlags): Promise<void> {
  const seed = flags.seed ?? randomInt(2 ** 31)
  const directory = flags.data ?? mkdtempSync(join(tmpdir(), 'holdfast-drill-'))
  mkdirSync(directory, { recursive: true })
  const onNote = (text: string) => {
    if (flags.quiet !== true) process.stderr.write(`${text}\n`)
  }
  onNote(`seed ${seed}, ${flags.minutes} minutes, in ${directory}`)
  // The cluster's processes are in groups of their own: a Ctrl-C in the terminal would leave them behind.
  const end = new AbortController()
  const { signal } = end
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => end.abort())
  const onFault = (fault: Fault, acknowledged: number) =>
    onNote(`${inWordsOf(fault)}; ${acknowledged} reservations acknowledged so far`)
  try {
    const { file, limit, partitions, gateways } = flags
    const durationMs = flags.minutes * MINUTE_MS
    const size = { file, limit, partitions, gateways, durationMs, seed, directory }
    conclude(await clusterDrill({ ...size, onFault, onNote, signal }), directory, flags)
  } catch (error) {
    const isKnown = [DrillError, DriveError, ClusterError].some((kind) => error instanceof kind)
    if (!isKnown) throw error
    process.stderr.write(`drill: ${(error as Error).message}\nThe data is in ${directory}.\n`)
    process.exitCode = EXIT_FAULT
    // A drive that was interrupted would go on trying for a minute.
    if (signal.aborted) process.exit()
  }
}

function inWordsOf({ kind, number, stopMs }: Fault): string {
  return stopMs === 0 ? `${kind} ${number}` : `${kind} ${number} for ${stopMs} ms`
}

function conclude(report: ClusterDrillReport, directory: string, flags: ClusterFlags): void {
  const { lost, oversold, stranded, doubled, ledgerDifferences, hashMismatches, late } = report
  const broken = lost + oversold + stranded + doubled + ledgerDifferences + hashMismatches + late
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : inWords(report))
  if (broken > 0) {
    process.stderr.write(`drill: a promise was broken; the data is in ${directory}\n`)
    process.exitCode = EXIT_DISCREPANCY
  } else if (flags.data === undefined) rmSync(directory, { recursive: true })
}

function inWords(report: ClusterDrillReport): string {
  const { lost, oversold, stranded, doubled, ledgerDifferences, hashMismatches, late } = report
  const faults = Object.entries(report.faults).map(([kind, count]) => `${count} × ${kind}`)
  return (
    `faults: ${faults.join(', ') || 'none'}\n` +
    `acknowledged=${report.acknowledged} probes=${report.probes} seed=${report.seed}\n` +
    `acknowledged-but-lost=${lost} oversold=${oversold} stranded=${stranded} doubled=${doubled} ` +
    `ledger-differences=${ledgerDifferences} hash-mismatch=${hashMismatches} late=${late}\n`
  )
}
