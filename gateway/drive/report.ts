// What a drive found, as data: the JSON object of --json, and what the table is made of.
import type { ClientMeasurements } from './api-client.ts'
import type { Discrepancies, Discrepancy } from './discrepancies.ts'
import type { DriveOptions } from './drive-options.ts'
import type { OpenedSkus } from './open-skus.ts'
import type { FileSurvey } from './survey-file.ts'
import type { Count, CountsByReason, Tally } from './tally.ts'
import type { Verification } from './verify-ledger.ts'

type ByReason = Readonly<Record<string, Readonly<Count>>>

/** A SKU whose text is no legal id, and the id it was sold under. */
interface MappedSku {
  readonly text: string
  readonly id: string
}

/** Milliseconds of each part of the drive. */
interface DriveTimes {
  readonly surveyMs: number
  readonly openMs: number
  readonly sellMs: number
  readonly verifyMs: number
  readonly wallMs: number
}

export interface DriveReport {
  /** No difference was found: exit 0, else 3. */
  readonly ok: boolean
  readonly run: string
  readonly file: string
  readonly url: string
  readonly seed: number
  readonly speed: 'max' | number
  readonly lines: { readonly read: number; readonly noSale: Readonly<Record<string, number>> }
  readonly openingStock: {
    /** Order files know no stock, so it is always derived. */
    readonly derivedFrom: 'share of gross demand'
    readonly share: number
  } & Omit<OpenedSkus, 'ledgers'>
  readonly mappedSkus: readonly MappedSku[]
  readonly guests: Readonly<Count>
  readonly reserved: Readonly<Count>
  readonly replayed: number
  readonly refused: ByReason
  readonly confirmed: Readonly<Count>
  readonly abandoned: Readonly<Count>
  readonly unconfirmed: ByReason
  /** Matched with the newest earlier purchase of the same customer and SKU first. */
  readonly returned: Readonly<Count>
  readonly notReturned: ByReason
  readonly soldOutSkus: number
  readonly requests: ClientMeasurements & {
    readonly perSecond: number
    readonly reservationsPerSecond: number
  }
  readonly times: DriveTimes
  readonly verification: Verification
  readonly discrepancies: { readonly total: number; readonly first: readonly Discrepancy[] }
}

export interface ReportParts {
  readonly options: DriveOptions
  readonly survey: FileSurvey
  readonly opened: OpenedSkus
  readonly tally: Tally
  /** Taken when selling ended, so that reading back does not count. */
  readonly measurements: ClientMeasurements
  readonly times: DriveTimes
  readonly verification: Verification
  readonly discrepancies: Discrepancies
}

/** Puts the findings of a drive together. */
export function makeReport(parts: ReportParts): DriveReport {
  const { options, tally, times, measurements, discrepancies } = parts
  const { ledgers: _, ...opened } = parts.opened
  const { run, file, url, seed, speed } = options
  return {
    ok: discrepancies.total === 0,
    run,
    file,
    url,
    seed,
    speed,
    lines: { read: tally.linesRead, noSale: inOrder(tally.noSale, (count) => count) },
    openingStock: { derivedFrom: 'share of gross demand', share: options.stockShare, ...opened },
    mappedSkus: [...parts.survey.mappedSkus].map(([text, id]) => ({ text, id })),
    guests: tally.guests,
    reserved: tally.reserved,
    replayed: tally.replayed,
    refused: byReason(tally.refused),
    confirmed: tally.confirmed,
    abandoned: tally.abandoned,
    unconfirmed: byReason(tally.unconfirmed),
    returned: tally.returned,
    notReturned: byReason(tally.notReturned),
    soldOutSkus: tally.soldOutSkus,
    requests: {
      ...measurements,
      perSecond: perSecond(measurements.requests, times.sellMs),
      reservationsPerSecond: perSecond(tally.reserved.lines, times.sellMs),
    },
    times,
    verification: parts.verification,
    discrepancies: { total: discrepancies.total, first: discrepancies.first },
  }
}

function byReason(counts: CountsByReason): ByReason {
  return inOrder(counts, (count) => count.lines)
}

/** The most frequent first, so that the table and a person's eye agree on what matters. */
function inOrder<Value>(
  counts: ReadonlyMap<string, Value>,
  size: (value: Value) => number,
): Record<string, Value> {
  return Object.fromEntries([...counts].sort((left, right) => size(right[1]) - size(left[1])))
}

function perSecond(count: number, ms: number): number {
  return ms > 0 ? Math.round((count * 1000) / ms) : 0
}
