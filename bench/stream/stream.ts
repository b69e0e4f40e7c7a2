// What subscribers of live stock cost the selling path: reservations/s without and with them, in turn.
import { invariant } from '../../core/invariant.ts'
import type { Sample } from '../contestant.ts'
import { startHoldfast } from '../http-contestants.ts'
import {
  CONNECTIONS,
  checkHeld,
  type Load,
  loadReservations,
  NEVER_BUSY,
  openSkus,
} from '../http-load.ts'
import type { BenchOptions } from '../options.ts'
import type { Figure, Line, ScenarioReport } from '../scenario-report.ts'
import { checkTold } from './check-told.ts'
import { ReaderCrowd } from './reader-crowd.ts'

const WARM_UP_SECONDS = 3
const DURABILITY = 'one fdatasync per commit, before the answer'
const SUBSCRIBERS = 2_000
/** Of a short look. */
const SUBSCRIBERS_QUICK = 500

/** What each subscriber watches: the SKU that everybody wants, or all that are sold. */
const CROWDS = [
  { watched: 'one hot SKU', skus: 1 },
  { watched: 'all 100 SKUs', skus: 100 },
] as const
type Crowd = (typeof CROWDS)[number]

interface WatchedRun {
  readonly load: Load
  /** What all readers together were sent. */
  readonly bytesPerSecond: number
}

interface Round {
  readonly without: Load
  /** One for each of CROWDS. */
  readonly watched: readonly WatchedRun[]
}

/** Nobody watches, everybody watches one SKU, everybody watches all, in turn; and what everybody was told last. */
export async function benchStream(options: BenchOptions): Promise<ScenarioReport> {
  const subscribers = options.isQuick ? SUBSCRIBERS_QUICK : SUBSCRIBERS
  const rounds = await measure(subscribers, options)
  const count = subscribers.toLocaleString('en-US')
  return {
    name: 'stream',
    title: `Live stock for ${count} subscribers`,
    method: [
      `${count} subscribers read GET /v1/stock/stream in a process of their own on the same cores, each of one hot SKU, then each of all 100 SKUs that are sold; a round has one run without and one with each crowd.`,
      `Meanwhile POST /v1/reservations by autocannon over ${CONNECTIONS} connections, closed loop, in the bench's own process; every request is a new reservation. Shedding is off (\`--shed-delay-ms 0\`).`,
      'The cost is the share of reservations/s that is lost while they watch; below 0 the machine drifted by more than they cost.',
    ],
    lines: linesOf(rounds, count),
    figures: CROWDS.flatMap((crowd, index) => figuresOf(rounds, crowd, index, count)),
    curves: [],
    checks: [
      'No subscriber was dropped, and each was told the last state of every SKU that it watches.',
      'Every acknowledged reservation is held; available + held + sold = stock for each SKU.',
    ],
    skipped: [],
  }
}

async function measure(subscribers: number, options: BenchOptions): Promise<Round[]> {
  const seconds = Math.max(1, options.seconds / 2)
  // Every reservation of the closed loop is to be made, however full the cores are: that is what is measured.
  const server = await startHoldfast(NEVER_BUSY)
  const rounds: Round[] = []
  try {
    await openSkus(server.url)
    let made = (await loadReservations(server.url, Math.min(seconds, WARM_UP_SECONDS))).answered
    for (let number = 1; number <= options.rounds; number++) {
      const round = await measureRound(server.url, subscribers, seconds)
      rounds.push(round)
      for (const { answered } of loadsOf(round)) made += answered
      await checkHeld(server.url, made)
      process.stderr.write(`stream: round ${number} of ${options.rounds}\n`)
    }
  } finally {
    await server.stop()
  }
  return rounds
}

async function measureRound(url: string, subscribers: number, seconds: number): Promise<Round> {
  const without = await loadReservations(url, seconds)
  const watched: WatchedRun[] = []
  for (const crowd of CROWDS) watched.push(await measureWatched(url, crowd, subscribers, seconds))
  return { without, watched }
}

async function measureWatched(
  url: string,
  { skus: skuCount }: Crowd,
  count: number,
  seconds: number,
): Promise<WatchedRun> {
  const skus = Array.from({ length: skuCount }, (_, index) => `sku-${index}`)
  const query = skus.map((sku) => `sku=${sku}`).join('&')
  const crowd = new ReaderCrowd()
  try {
    const before = await crowd.order({ kind: 'open', url, count, query })
    invariant(before.open === count, 'every stream is open')
    const load = await loadReservations(url, seconds)
    const after = await crowd.order({ kind: 'count' })
    invariant(after.open === count, 'no reader was dropped')
    await checkTold(url, crowd, skus, count)
    return { load, bytesPerSecond: (after.bytes - before.bytes) / seconds }
  } finally {
    await crowd.end()
  }
}

function loadsOf({ without, watched }: Round): Load[] {
  return [without, ...watched.map(({ load }) => load)]
}

function linesOf(rounds: readonly Round[], count: string): Line[] {
  const names = ['nobody watches', ...CROWDS.map(({ watched }) => `${count} watch ${watched} each`)]
  return names.map((name, index) => ({
    ...{ name, role: 'ours', durability: DURABILITY },
    samples: rounds.map((round) => sampleOf(loadsOf(round)[index])),
  }))
}

function sampleOf(load: Load | undefined): Sample {
  invariant(load !== undefined, 'every round has all runs')
  const { perSecond, requestsPerSecond, p50, p99 } = load
  return { perSecond, requestsPerSecond, p50Ms: p50, p99Ms: p99 }
}

function figuresOf(
  rounds: readonly Round[],
  { watched }: Crowd,
  index: number,
  count: string,
): Figure[] {
  const costs = rounds.map((round) => {
    const perSecond = round.watched[index]?.load.perSecond ?? Number.NaN
    return (1 - perSecond / round.without.perSecond) * 100
  })
  const target = { words: '≤ 15 % of reservations/s', max: 15 }
  const sent = rounds.map((round) => (round.watched[index]?.bytesPerSecond ?? Number.NaN) / 1_000)
  return [
    { what: `cost of ${count} on ${watched} each`, values: costs, unit: '%', digits: 0, target },
    { what: `sent to all on ${watched} each`, values: sent, unit: 'kB/s', digits: 0 },
  ]
}
