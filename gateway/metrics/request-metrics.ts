// What callers got, from the counters that the recorder of requests keeps: by route, by code, by operation.
import type { Registry } from 'prom-client'
import { PROBLEMS, type ProblemCode } from '../api/problems.ts'
import { upperEdgeMs } from '../http/latency-histogram.ts'
import type { CallOutcome, RequestRecorder, RouteRecord } from '../http/request-recorder.ts'
import { collectCounter, collectHistogram, type HistogramSample, type Sample } from './collected.ts'
import {
  type OperationOutcome,
  OUTCOMES,
  outcomeOf,
  type ProblemKinds,
  problemKind,
} from './outcomes.ts'
import type { ProcessLoad } from './sources.ts'

/** Bounds that are wanted; the ones told are those of the recorder's next slots, at most 1/16 above. */
const WANTED_MS = [
  ...[0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000],
]
const BOUND_SLOTS: readonly number[] = WANTED_MS.map(slotFrom)
const BOUNDS_SECONDS = BOUND_SLOTS.map((slot) => upperEdgeMs(slot) / 1_000)

/** The operation that each route of single calls is; other routes under /v1 are `other`. */
const OPERATIONS: Readonly<Record<string, string>> = {
  'POST /v1/reservations': 'reserve',
  'GET /v1/reservations/:id': 'get',
  'POST /v1/reservations/:id/confirm': 'confirm',
  'POST /v1/reservations/:id/cancel': 'cancel',
  'POST /v1/reservations/:id/extend': 'extend',
  'POST /v1/reservations/:id/return': 'return',
}

/** Requests that no route has seen, by lane. */
type Shed = ProcessLoad['shed']

/** Registers the metrics of requests; what was shed before any route saw it comes in by `shed`. */
export function requestMetrics(registry: Registry, recorder: RequestRecorder, shed: Shed): void {
  collectCounter({
    ...{ registry, name: 'holdfast_requests_total', labelNames: ['route', 'status'] },
    help: 'HTTP requests answered, by route and status; a batch is one.',
    read: () => requests(recorder),
  })
  collectHistogram({
    ...{ registry, name: 'holdfast_request_duration_seconds', labelNames: ['route'] },
    help: 'From the first handler of a request to the last byte of its answer.',
    bounds: BOUNDS_SECONDS,
    read: () => durations(recorder),
  })
  collectCounter({
    ...{ registry, name: 'holdfast_operations_total', labelNames: ['operation', 'outcome'] },
    help: 'Calls under /v1, each operation of a batch and each call over NATS, by what they came to.',
    read: () => operations(outcomes(recorder, shed)),
  })
  collectCounter({
    ...{ registry, name: 'holdfast_payments_total', labelNames: ['outcome'] },
    help: 'Confirmations of held units: ok, refused by the business or for their form, or failed.',
    read: () => payments(outcomes(recorder, shed)),
  })
  problemMetrics(registry, () => outcomes(recorder, shed))
}

function problemMetrics(registry: Registry, read: () => Iterable<Outcome>): void {
  const counter = (kind: ProblemKinds, help: string) =>
    collectCounter({
      ...{ registry, name: `holdfast_${kind}_total`, labelNames: ['code'], help },
      read: () => problems(read(), kind),
    })
  counter('refusals', 'Operations that the business refused, by code: no errors.')
  counter('faults', 'Operations that failed (status 500 and above), by code.')
  counter('rejections', 'Operations refused for their form, their caller or their rate, by code.')
}

function* requests(recorder: RequestRecorder): Iterable<Sample> {
  for (const [route, { outcomes }] of recorder.routes) {
    const byStatus = new Map<number, number>()
    for (const [outcome, count] of outcomes) {
      const status = typeof outcome === 'number' ? outcome : PROBLEMS[outcome].status
      byStatus.set(status, (byStatus.get(status) ?? 0) + count)
    }
    for (const [status, value] of byStatus) yield { labels: { route, status }, value }
  }
}

function* durations(recorder: RequestRecorder): Iterable<HistogramSample> {
  for (const [route, record] of recorder.routes) {
    if (record.latency.count > 0) yield { labels: { route }, ...durationsOf(record) }
  }
}

function durationsOf({ latency }: RouteRecord): Omit<HistogramSample, 'labels'> {
  const cumulative: number[] = []
  let below = 0
  let slot = 0
  for (const last of BOUND_SLOTS) {
    for (; slot <= last; slot++) below += latency.counts[slot] ?? 0
    cumulative.push(below)
  }
  return { cumulative, sum: latency.sumMs / 1_000, count: latency.count }
}

/** What operations of one name came to, and how often. */
type Outcome = readonly [operation: string, outcome: CallOutcome, count: number]

/** What every operation came to, whichever way it was asked. */
function* outcomes(recorder: RequestRecorder, shed: Shed): Iterable<Outcome> {
  yield ['reserve', 'busy', shed.reserve]
  yield ['other', 'busy', shed.read]
  for (const [route, record] of recorder.routes) {
    if (!record.url.startsWith('/v1/') || record.url === '/v1/batch') continue
    const operation = OPERATIONS[route] ?? 'other'
    for (const [outcome, count] of record.outcomes) yield [operation, outcome, count]
  }
  for (const [operation, record] of recorder.operations) {
    for (const [outcome, count] of record.outcomes) yield [operation, outcome, count]
  }
}

function* operations(all: Iterable<Outcome>): Iterable<Sample> {
  const counts = new Map<string, Record<OperationOutcome, number>>()
  for (const operation of Object.values(OPERATIONS)) counts.set(operation, none())
  for (const [operation, outcome, count] of all) {
    const of = counts.get(operation) ?? none()
    of[outcomeOf(outcome)] += count
    counts.set(operation, of)
  }
  for (const [operation, of] of counts) {
    for (const outcome of OUTCOMES) yield { labels: { operation, outcome }, value: of[outcome] }
  }
}

function none(): Record<OperationOutcome, number> {
  return { ok: 0, refused: 0, rejected: 0, shed: 0, failed: 0 }
}

function payments(all: Iterable<Outcome>): Sample[] {
  const of = none()
  for (const [operation, outcome, count] of all) {
    if (operation === 'confirm') of[outcomeOf(outcome)] += count
  }
  return [
    { labels: { outcome: 'ok' }, value: of.ok },
    { labels: { outcome: 'refused' }, value: of.refused + of.rejected },
    { labels: { outcome: 'failed' }, value: of.failed + of.shed },
  ]
}

// All codes from the first scrape on: a rate can only be told of a counter that was seen at 0.
function* problems(all: Iterable<Outcome>, kind: ProblemKinds): Iterable<Sample> {
  const counts = new Map<ProblemCode, number>()
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    if (problemKind(code) === kind) counts.set(code, 0)
  }
  for (const [, code, count] of all) {
    const before = typeof code === 'number' ? undefined : counts.get(code)
    if (before !== undefined) counts.set(code as ProblemCode, before + count)
  }
  for (const [code, value] of counts) yield { labels: { code }, value }
}

function slotFrom(wantedMs: number): number {
  let slot = 0
  while (upperEdgeMs(slot) < wantedMs) slot++
  return slot
}
