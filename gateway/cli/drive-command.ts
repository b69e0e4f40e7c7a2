// `holdfast drive`: options to a drive, its report to stdout, its verdict to the exit code.
import { randomBytes } from 'node:crypto'
import { styleText } from 'node:util'
import { Command } from 'commander'
import { type ColumnNames, DEFAULT_COLUMNS } from '../drive/columns.ts'
import type { DriveOptions } from '../drive/drive-options.ts'
import { driveOrders } from '../drive/drive-orders.ts'
import { DriveError } from '../drive/errors.ts'
import type { Speed } from '../drive/pace.ts'
import { ProgressLine } from '../drive/progress-line.ts'
import { type Marks, PLAIN_MARKS, renderReport } from '../drive/render-report.ts'
import type { DriveReport } from '../drive/report.ts'
import { API_KEY_VARIABLE } from '../settings.ts'
import {
  columnsOption,
  currencyOption,
  numberOption,
  runOption,
  speedOption,
  urlOption,
} from './drive-arguments.ts'

const EXIT_FAULT = 1
const EXIT_DISCREPANCY = 3
const RUN_BYTES = 6

interface DriveFlags {
  readonly url: string
  readonly apiKey?: string
  readonly columns?: ColumnNames
  readonly currency: string
  readonly abandon: number
  readonly stockShare: number
  readonly speed: Speed
  readonly limit?: number
  readonly seed: number
  readonly run?: string
  readonly concurrency: number
  readonly batch: number
  readonly holdMs: number
  readonly retryFor: number
  readonly json?: boolean
  readonly quiet?: boolean
}

const EXAMPLES = `
Exit codes: 0 equal, 1 fault (file, server), 2 usage, 3 the server's counts differ from the drive's own.

Examples:
  $ holdfast drive docs/sample/online_retail_2011_11.csv.gz --abandon 0.14
  $ holdfast drive orders.csv --columns time=created_at,order=id,sku=article,quantity=n,price=amount,buyer=user
  $ holdfast drive orders.csv.gz --speed 3600 --limit 10000 --json > drive.json
  $ holdfast drive orders.csv.gz --run friday     # again with the same name: repeats or resumes it`

/** The sub-command. Sets the exit code 1 or 3; what a usage error exits with is the program's to say. */
export function driveCommand(): Command {
  const whole = (min: number, max: number): ((text: string) => number) =>
    numberOption({ min, max, isWhole: true })
  const decimal = (max: number): ((text: string) => number) =>
    numberOption({ min: 0, max, isWhole: false })
  const defaultColumns = Object.entries(DEFAULT_COLUMNS).map((pair) => pair.join('='))
  return new Command('drive')
    .description('drive a running server with the orders of a CSV file, then compare both ledgers')
    .argument('<file>', 'orders as .csv or .csv.gz, with a header')
    .option('--url <url>', 'the server', urlOption, 'http://127.0.0.1:7070')
    .option(
      '--api-key <key>',
      `with the scopes sell and operate; better said by ${API_KEY_VARIABLE}`,
    )
    .option(
      '--columns <role=name,…>',
      `which column is what (default: ${defaultColumns.join(',')})`,
      columnsOption,
    )
    .option('--currency <code>', 'ISO 4217 code of the prices', currencyOption, 'GBP')
    .option('--abandon <share>', 'leave this share of reservations unpaid', decimal(1), 0)
    .option(
      '--stock-share <share>',
      "opening stock, derived: share of each SKU's gross demand",
      decimal(1000),
      0.6,
    )
    .option('--speed <max|N>', 'as fast as possible, or N times real time', speedOption, 'max')
    .option('--limit <lines>', 'only the first lines', whole(1, Number.MAX_SAFE_INTEGER))
    .option('--seed <number>', 'chooses who does not pay', whole(0, 2 ** 32 - 1), 1)
    .option('--run <name>', 'names the drive: the same name repeats or resumes it', runOption)
    .option('--concurrency <batches>', 'batches in flight', whole(1, 256), 8)
    .option('--batch <operations>', 'operations per batch', whole(1, 1000), 500)
    .option('--hold-ms <ms>', 'how long holds last', whole(1000, 604_800_000), 900_000)
    .option('--retry-for <seconds>', 'give up after so long without an answer', decimal(86_400), 60)
    .option('--json', 'print one JSON object')
    .option('--quiet', 'print no progress')
    .addHelpText('after', EXAMPLES)
    .action(runDrive)
}

async function runDrive(file: string, flags: DriveFlags): Promise<void> {
  const run = flags.run ?? randomBytes(RUN_BYTES).toString('hex')
  const note = (text: string): void => {
    progress.clear()
    if (flags.quiet !== true) process.stderr.write(`${text}\n`)
  }
  const progress = new ProgressLine({
    write: (text) => process.stderr.write(text),
    nowMs: () => performance.now(),
    // Some terminals say 0 when they do not know.
    columns: () => process.stderr.columns || 80,
  })
  const isWatched = process.stderr.isTTY === true && flags.quiet !== true
  try {
    if (flags.run === undefined) note(`--run ${run} repeats or resumes this drive`)
    const report = await driveOrders(driveOptions(file, run, flags), {
      onOutage: (reason) => note(`${reason}; retrying for ${flags.retryFor} s`),
      ...(isWatched ? { onProgress: (now) => progress.onProgress(now) } : {}),
    })
    progress.clear()
    printReport(report, flags.json === true)
    if (!report.ok) process.exitCode = EXIT_DISCREPANCY
  } catch (error) {
    if (!(error instanceof DriveError)) throw error
    progress.clear()
    process.stderr.write(`drive: ${error.message}\n`)
    const { code, message } = error
    if (flags.json === true) printJson({ ok: false, run, error: { code, message } })
    process.exitCode = EXIT_FAULT
  }
}

function driveOptions(file: string, run: string, flags: DriveFlags): DriveOptions {
  return {
    file,
    run,
    url: flags.url,
    apiKey: sendableKey(flags.apiKey ?? process.env[API_KEY_VARIABLE]),
    columns: flags.columns ?? DEFAULT_COLUMNS,
    currency: flags.currency,
    limit: flags.limit,
    seed: flags.seed,
    abandonShare: flags.abandon,
    stockShare: flags.stockShare,
    speed: flags.speed,
    concurrency: flags.concurrency,
    batchSize: flags.batch,
    holdMs: flags.holdMs,
    retryForMs: flags.retryFor * 1000,
  }
}

// Whatever cannot be sent would be told with its value by those who try; commander echoes what it refuses, too.
function sendableKey(key: string | undefined): string | undefined {
  if (key === undefined || /^[\x21-\x7e]+$/.test(key)) return key
  throw new DriveError('server_refused', 'the API key holds characters that no key has')
}

function printReport(report: DriveReport, isJson: boolean): void {
  if (isJson) printJson(report)
  else process.stdout.write(renderReport(report, process.stdout.isTTY ? colours() : PLAIN_MARKS))
}

function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** https://no-color.org: any value but an empty one turns colour off. */
function colours(): Marks {
  const { NO_COLOR: noColor = '' } = process.env
  if (noColor !== '') return PLAIN_MARKS
  return {
    heading: (text) => styleText('bold', text),
    good: (text) => styleText('green', text),
    bad: (text) => styleText('red', text),
  }
}
