// The storm after the sale: POST /v1/reservations for SKUs without stock, refused by the server and by the shield.
import { overNats, startCluster } from './cluster-contestants.ts'
import { contest, ratioOf } from './contest.ts'
import {
  constantHttp,
  type HttpTask,
  holdfastHttp,
  httpContestant,
  startHoldfast,
} from './http-contestants.ts'
import {
  CONNECTIONS,
  checkNothingSold,
  loadReservations,
  NEVER_BUSY,
  openSkus,
} from './http-load.ts'
import type { BenchOptions } from './options.ts'
import type { Figure, Line, ScenarioReport } from './scenario-report.ts'

const SERVER = 'Holdfast, refused by the server'
const SHIELD = "Holdfast, refused by the gateway's shield"
const LIMIT = 'constant Fastify route'
const NOTHING = 'nothing to keep: refusals change no state'

/** Nothing for sale, and everybody comes. */
const SOLD_OUT = {
  fill: (url: string) => openSkus(url, 0),
  load: (url: string, seconds: number) => loadReservations(url, seconds, 'refused'),
  check: checkNothingSold,
} satisfies HttpTask

/** The constant route, the server and the shield in turn. */
export async function benchSoldOut(options: BenchOptions): Promise<ScenarioReport> {
  const start = () => startHoldfast(NEVER_BUSY)
  const server = { ...holdfastHttp({ ...SOLD_OUT, start }), name: SERVER, durability: NOTHING }
  const entries = [{ contestant: constantHttp() }, { contestant: server }, overNats(shield())]
  // Three contestants in the time of two: refusals leave nothing behind that a long run would have to show.
  const seconds = Math.max(1, options.seconds / 2)
  const { lines, skipped } = await contest('sold-out', entries, { ...options, seconds })
  return {
    name: 'sold-out',
    title: 'Sold out: refusals per second',
    method: [
      `POST /v1/reservations for SKUs without stock by autocannon over ${CONNECTIONS} connections, closed loop, in the bench's own process.`,
      'The server decides each refusal in the partition, in order with everything else. The shield of a gateway in a cluster answers them itself, from what the owner told it.',
      'Shedding is off (`--shed-delay-ms 0`), so that every request is decided.',
      'The constant route runs on the same Fastify, and answers 201 with a reservation.',
      'All processes and autocannon share the cores.',
    ],
    counted: 'refusals',
    lines,
    figures: figuresOf(lines),
    curves: [],
    checks: ['Every answer was 409; afterwards no SKU has a unit held or sold.'],
    skipped,
  }
}

function shield() {
  return httpContestant({
    name: SHIELD,
    role: 'ours',
    durability: NOTHING,
    start: () => startCluster({ gatewayFlags: NEVER_BUSY }),
    ...SOLD_OUT,
  })
}

function figuresOf(lines: readonly Line[]): Figure[] {
  const target = { words: `≥ 0.9 of the ${LIMIT}`, min: 0.9 }
  const ratios = [ratioOf(lines, SERVER, LIMIT), ratioOf(lines, SHIELD, LIMIT, target)]
  return ratios.filter((ratio) => ratio !== undefined)
}
