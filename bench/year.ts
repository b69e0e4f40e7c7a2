// The real order book, end to end: `holdfast drive` sells every line of it over HTTP, then the journal is verified.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { invariant } from '../core/invariant.ts'
import { HoldfastProcess } from '../gateway/cluster/holdfast-process.ts'
import type { DriveReport } from '../gateway/drive/report.ts'
import { partitionPaths } from '../journal/data-directory.ts'
import { verify } from '../replay/verify.ts'
import type { Sample } from './contestant.ts'
import type { BenchOptions } from './options.ts'
import { inPrivateFolder } from './private-folder.ts'
import type { Figure, Line, ScenarioReport } from './scenario-report.ts'

/** Names the whole file; the project never reads files outside itself by itself. */
const YEAR_VARIABLE = 'HOLDFAST_BENCH_YEAR'
const SAMPLE = fileURLToPath(
  new URL('../../docs/sample/online_retail_2011_11.csv.gz', import.meta.url),
)
const BIN = fileURLToPath(new URL('../../bin/holdfast.js', import.meta.url))
const WHERE = `say where its file is with ${YEAR_VARIABLE}; docs/sample/README.md names the source and the columns`
const ABANDON = 0.14
/** A drive of the year takes ten seconds and more. */
const ROUNDS_MAX = 3
const ANSWER_BYTES_MAX = 64 * 2 ** 20

const runFile = promisify(execFile)

/** One drive against a fresh server a round. */
export async function benchYear(options: BenchOptions): Promise<ScenarioReport> {
  const file = orderFile()
  const rounds = options.isQuick ? 1 : Math.min(options.rounds, ROUNDS_MAX)
  const drives: DriveReport[] = []
  for (let round = 1; round <= rounds; round++) {
    drives.push(await inPrivateFolder((data) => driveOnce(file, data)))
    process.stderr.write(`year: round ${round} of ${rounds}\n`)
  }
  return {
    name: 'year',
    title: 'A real order book, end to end',
    method: methodOf(file, drives),
    lines: [lineOf(drives)],
    figures: figuresOf(drives),
    curves: [],
    checks: [
      'The drive’s own ledger and the server’s counts are equal for every SKU and every abandoned reservation.',
      'Verify of the journal finds no discrepancy: no unit is lost, made up or sold twice.',
    ],
    skipped: file === SAMPLE ? [{ name: 'the whole year', reason: WHERE }] : [],
  }
}

/** What the environment names, or the month that comes with the project. */
function orderFile(): string {
  const named = process.env[YEAR_VARIABLE] ?? ''
  if (named === '') return SAMPLE
  invariant(existsSync(named), `${YEAR_VARIABLE} names a file`)
  return named
}

async function driveOnce(file: string, data: string): Promise<DriveReport> {
  const report = await driveServer(file, data)
  invariant(report.ok, `the drive finds no difference: ${JSON.stringify(report.discrepancies)}`)
  const { discrepancies } = await verify(partitionPaths(data, 0))
  invariant(discrepancies.length === 0, 'the journal of the drive is whole')
  return report
}

async function driveServer(file: string, data: string): Promise<DriveReport> {
  const words = () => ['serve', '--data', data]
  const server = new HoldfastProcess({ name: 'server', words, readyWhen: 'recovered', port: 0 })
  await server.start()
  try {
    return await drive(file, server.url)
  } finally {
    await server.stop()
  }
}

async function drive(file: string, url: string): Promise<DriveReport> {
  const flags = ['--speed', 'max', '--abandon', String(ABANDON), '--json', '--quiet']
  const words = [BIN, 'drive', file, '--url', url, ...flags]
  const { stdout } = await runFile(process.execPath, words, { maxBuffer: ANSWER_BYTES_MAX })
  return JSON.parse(stdout) as DriveReport
}

function methodOf(file: string, drives: readonly DriveReport[]): string[] {
  const lines = drives[0]?.lines.read.toLocaleString('en-US') ?? '0'
  const which =
    file === SAMPLE
      ? 'the month of docs/sample (November 2011 of UCI Online Retail)'
      : `${basename(file)}, named by ${YEAR_VARIABLE}`
  return [
    `The orders are ${which}: ${lines} lines, each sold as it stands in the file.`,
    '`holdfast drive --speed max --abandon 0.14` against a fresh `holdfast serve`: POST /v1/batch, up to 500 operations a request, 8 requests under way; every line is reserved, then paid for unless it is one of the 14 % that are abandoned; returns give units back.',
    'Stock is 60 % of each SKU’s demand, so that some are sold out; client, server and commit thread share the cores.',
    'Reservations/s are those that were made, over the time of selling; reading the file beforehand, opening SKUs and comparing both ledgers afterwards are in the total time only. p50 and p99 are those of a batch request.',
  ]
}

function lineOf(drives: readonly DriveReport[]): Line {
  return {
    ...{ name: 'Holdfast, batch API', role: 'ours' },
    durability: 'one fdatasync per commit, before the answer',
    samples: drives.map(
      ({ requests }): Sample => ({
        perSecond: requests.reservationsPerSecond,
        requestsPerSecond: requests.perSecond,
        ...{ p50Ms: requests.p50Ms, p99Ms: requests.p99Ms },
      }),
    ),
  }
}

function figuresOf(drives: readonly DriveReport[]): Figure[] {
  const figure = (
    what: string,
    unit: string,
    digits: number,
    pick: (one: DriveReport) => number,
  ) => ({
    ...{ what, unit, digits },
    values: drives.map(pick),
  })
  return [
    figure('selling', 's', 2, ({ times }) => times.sellMs / 1_000),
    figure(
      'total time, reading and comparing included',
      's',
      2,
      ({ times }) => times.wallMs / 1_000,
    ),
    figure('reservations made', 'reservations', 0, ({ reserved }) => reserved.lines),
    figure('units sold', 'units', 0, ({ verification }) => verification.soldUnits),
    {
      ...figure(
        'differences between both ledgers',
        'differences',
        0,
        (one) => one.discrepancies.total,
      ),
      target: { words: 'none', max: 0 },
    },
  ]
}
