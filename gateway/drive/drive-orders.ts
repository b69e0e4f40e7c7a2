// Drives a running server with the orders of a file, then proves that both count the same.
// Composition only: survey the file, open the SKUs, sell line by line, verify.
import { ApiClient } from './api-client.ts'
import { Discrepancies } from './discrepancies.ts'
import { Dispatcher, type Job } from './dispatcher.ts'
import type { DriveHooks, DriveOptions, DrivePhase } from './drive-options.ts'
import { openSkus } from './open-skus.ts'
import { OrderFlow } from './order-flow.ts'
import { createPace } from './pace.ts'
import { PurchaseBook } from './purchase-book.ts'
import { readLines } from './read-lines.ts'
import { type DriveReport, makeReport } from './report.ts'
import { ReturnFlow } from './return-flow.ts'
import type { SkuLedger } from './sku-ledger.ts'
import { type FileSurvey, surveyFile } from './survey-file.ts'
import { Tally } from './tally.ts'
import { verifyLedger } from './verify-ledger.ts'

/** Longer waits are cut: a timer of Node ends at 2^31 ms, and a failure is noticed at each cut. */
const PAUSE_MS_MAX = 60_000

/**
 * Drives the whole file and verifies the outcome. Memory grows with the SKUs, the abandoned reservations
 * and the purchases that are returned later, not with the lines of the file.
 * @returns the report; differences are in it, they are not thrown.
 * @throws DriveError when the file cannot be read or the server stays away or refuses the drive.
 */
export async function driveOrders(
  options: DriveOptions,
  hooks: DriveHooks = {},
): Promise<DriveReport> {
  const { concurrency, batchSize, stockShare, currency, holdMs } = options
  const tally = new Tally()
  const discrepancies = new Discrepancies()
  const client = new ApiClient({
    baseUrl: hooks.baseUrl ?? (() => options.url),
    apiKey: options.apiKey,
    retryForMs: options.retryForMs,
    onOutage: hooks.onOutage ?? ignore,
    onAcknowledged: hooks.onAcknowledged ?? ignore,
  })
  const progress = (phase: DrivePhase, total?: number) => (done: number) =>
    hooks.onProgress?.({ phase, done, total, soldOutSkus: tally.soldOutSkus })

  const beganAtMs = performance.now()
  const survey = await surveyFile(options, progress('survey'))
  const surveyedAtMs = performance.now()
  const { demand } = survey
  const onOpened = progress('open', demand.size)
  const opening = { client, demand, stockShare, currency, holdMs, concurrency, onOpened }
  const opened = await openSkus(opening)
  const openedAtMs = performance.now()
  const { ledgers } = opened
  const onLines = progress('sell', survey.lineCount)
  await sell({ options, client, survey, ledgers, tally, discrepancies, onLines })
  const soldAtMs = performance.now()
  const measurements = client.measurements()
  const onVerified = progress('verify', ledgers.size)
  const verifying = { client, ledgers, discrepancies, batchSize, concurrency, onVerified }
  const verification = await verifyLedger(verifying)
  const verifiedAtMs = performance.now()

  const times = {
    surveyMs: surveyedAtMs - beganAtMs,
    openMs: openedAtMs - surveyedAtMs,
    sellMs: soldAtMs - openedAtMs,
    verifyMs: verifiedAtMs - soldAtMs,
    wallMs: verifiedAtMs - beganAtMs,
  }
  const findings = { measurements, times, verification, discrepancies }
  return makeReport({ options, survey, opened, tally, ...findings })
}

interface Selling {
  readonly options: DriveOptions
  readonly client: ApiClient
  readonly survey: FileSurvey
  readonly ledgers: ReadonlyMap<string, SkuLedger>
  readonly tally: Tally
  readonly discrepancies: Discrepancies
  readonly onLines: (lineCount: number) => void
}

async function sell(selling: Selling): Promise<void> {
  const { options, client, ledgers, tally, discrepancies } = selling
  const { batchSize, concurrency, run, seed, abandonShare } = options
  const { returnKeys } = selling.survey
  const onAnswer = (job: Job, answer: Parameters<OrderFlow['onAnswer']>[1]): void =>
    flow.onAnswer(job, answer)
  const send = (jobs: readonly Job[]): Promise<void> => client.batch(jobs, onAnswer)
  const dispatcher = new Dispatcher({ batchSize, concurrency, send })
  const book = new PurchaseBook()
  const returns = new ReturnFlow({ book, dispatcher, tally, discrepancies })
  const common = { book, returns, dispatcher, tally, discrepancies }
  const flow = new OrderFlow({ run, seed, abandonShare, ledgers, returnKeys, ...common })
  const earlyMs = createPace({ speed: options.speed, nowMs: () => performance.now() })

  for await (const { lines } of readLines(options)) {
    for (const line of lines) {
      let waitMs = line.kind === 'no-sale' ? 0 : earlyMs(line.timeMs)
      while (line.kind !== 'no-sale' && waitMs > 0) {
        selling.onLines(tally.linesRead)
        await dispatcher.pause(Math.min(waitMs, PAUSE_MS_MAX))
        waitMs = earlyMs(line.timeMs)
      }
      flow.onLine(line)
      if (dispatcher.isFull()) await dispatcher.room()
    }
    selling.onLines(tally.linesRead)
  }
  await dispatcher.idle()
  tally.checkEveryLine()
}

function ignore(): void {}
