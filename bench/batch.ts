// POST /v1/batch, 100 reservations a request, durable: against a constant batch route.
import { startConstant } from './constant-process.ts'
import { contest, ratioOf } from './contest.ts'
import { constantHttp, holdfastHttp } from './http-contestants.ts'
import { BATCH_OPERATIONS, loadBatches } from './http-load.ts'
import type { BenchOptions } from './options.ts'
import type { Figure, Line, ScenarioReport } from './scenario-report.ts'

const OURS = 'Holdfast'
const LIMIT = 'constant batch route'
/** Tried on the constant route; that which it likes best is used for both. */
const CONNECTIONS = [16, 32, 64]
const TRIAL_SECONDS_MAX = 2
/** Where the limit stays away. */
const UNTRIED = 32

/** Both in turn, over as many connections as give the limit its best. */
export async function benchBatch(options: BenchOptions): Promise<ScenarioReport> {
  const connections = await bestConnections(options)
  const load = (url: string, seconds: number) => loadBatches(url, seconds, connections)
  const limit = { ...constantHttp({ load }), name: LIMIT }
  const entries = [{ contestant: limit }, { contestant: holdfastHttp({ load }) }]
  const { lines, skipped } = await contest('batch', entries, options)
  return {
    name: 'batch',
    title: `HTTP, ${BATCH_OPERATIONS} reservations a request`,
    method: [
      `POST /v1/batch with ${BATCH_OPERATIONS} reserve operations by autocannon over ${connections} connections, closed loop, in the bench's own process; every operation is a new reservation, and a batch that the server was too busy to take whole counts as nothing.`,
      options.oursOnly === true
        ? `${UNTRIED} connections were not compared with others.`
        : `Of ${CONNECTIONS.join(', ')} connections the constant route was tried with each; ${connections} gave it its best.`,
      'The constant route runs on the same Fastify: same parser, hooks, schemas, serializer and Node flags, and as many results in its answer.',
      'All processes and autocannon share the cores.',
    ],
    lines,
    figures: figuresOf(lines),
    curves: [],
    checks: [
      'Every operation of every acknowledged batch is held; available + held + sold = stock for each SKU.',
    ],
    skipped,
  }
}

function figuresOf(lines: readonly Line[]): Figure[] {
  const samples = lines.find(({ name }) => name === OURS)?.samples ?? []
  const ratio = ratioOf(lines, OURS, LIMIT, { words: `≥ 0.4 of the ${LIMIT}`, min: 0.4 })
  const perSecond: Figure = {
    what: 'Holdfast, reservations in batches',
    values: samples.map((sample) => sample.perSecond),
    unit: '/s',
    digits: 0,
    target: { words: '≥ 300,000 reservations/s', min: 300_000 },
  }
  return ratio === undefined ? [perSecond] : [ratio, perSecond]
}

async function bestConnections({ seconds, oursOnly }: BenchOptions): Promise<number> {
  if (oursOnly === true) return UNTRIED
  const trialSeconds = Math.min(seconds, TRIAL_SECONDS_MAX)
  const constant = await startConstant()
  try {
    let best = { connections: 0, perSecond: 0 }
    // The first does not count: it warms the route up for all.
    for (const connections of [CONNECTIONS[0] ?? 0, ...CONNECTIONS]) {
      const { perSecond } = await loadBatches(constant.url, trialSeconds, connections)
      const isWarmUp = best.connections === 0
      if (isWarmUp || perSecond > best.perSecond) {
        best = { connections, perSecond: isWarmUp ? 0 : perSecond }
      }
    }
    return best.connections
  } finally {
    await constant.stop()
  }
}
