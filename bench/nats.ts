// The cluster against what its parts allow: frames against single requests, HTTP through NATS against HTTP embedded.
import { overNats } from './cluster-contestants.ts'
import { clusterHttp } from './cluster-http.ts'
import { contest, ratioOf } from './contest.ts'
import { ECHO, echo, FRAMES, frames } from './frame-contestants.ts'
import { holdfastHttp, startHoldfast } from './http-contestants.ts'
import { CONNECTIONS, NEVER_BUSY } from './http-load.ts'
import type { BenchOptions } from './options.ts'
import type { Figure, ScenarioReport } from './scenario-report.ts'

const EMBEDDED = 'Holdfast embedded, HTTP'
const THROUGH_NATS = 'Holdfast through NATS, HTTP'
/** Every reservation stays held: longer runs of frames would measure memory. */
const FRAME_SECONDS_MAX = 2

const METHOD = [
  'A local cluster: nats-server, one core, one gateway, and whoever loads them, all on the same cores; one partition.',
  'Frames: a client sends reserve commands straight to the owner, 24,576 of them waiting for their answers at any time; new, durable reservations are counted.',
  `Its limit is NATS request/reply with one command a message, answered by an echo without anything behind it, 256 requests waiting at any time. Runs of both last at most ${FRAME_SECONDS_MAX} s.`,
  `HTTP: POST /v1/reservations by autocannon over ${CONNECTIONS} connections, closed loop, through gateway, NATS and core, against \`holdfast serve\`; every request is a new reservation; shedding is off (\`--shed-delay-ms 0\`) in both.`,
  'Processor time is what Linux counts for each process of the cluster while it is loaded over HTTP, its threads included.',
]

/** Each pair in turn, round by round. */
export async function benchNats(options: BenchOptions): Promise<ScenarioReport> {
  const seconds = Math.min(options.seconds, FRAME_SECONDS_MAX)
  const byFrames = await contest('nats, frames', [overNats(echo()), overNats(frames())], {
    ...options,
    seconds,
  })
  const through = clusterHttp(THROUGH_NATS)
  const start = () => startHoldfast(NEVER_BUSY)
  const embedded = { ...holdfastHttp({ start }), name: EMBEDDED }
  const entries = [{ contestant: embedded }, overNats(through.contestant)]
  const byHttp = await contest('nats, HTTP', entries, options)
  const lines = [...byFrames.lines, ...byHttp.lines]
  const ratios = [
    ratioOf(lines, FRAMES, ECHO, { words: '≥ 5 times single requests', min: 5 }),
    ratioOf(lines, THROUGH_NATS, EMBEDDED, { words: '≥ 0.6 of HTTP embedded', min: 0.6 }),
  ]
  return {
    name: 'nats',
    title: 'Through NATS',
    method: METHOD,
    lines,
    figures: [...ratios.filter((ratio) => ratio !== undefined), ...cpuFigures(through.cpuTimes())],
    curves: [],
    checks: [
      'Every acknowledged reservation is held, over frames and over HTTP; available + held + sold = stock for each SKU.',
      'Every echo is as long as what was sent.',
    ],
    skipped: [...byFrames.skipped, ...byHttp.skipped],
  }
}

function cpuFigures(byProcess: Readonly<Record<string, readonly number[]>>): Figure[] {
  return Object.entries(byProcess).map(([process, values]) => ({
    what: `processor time of the ${process}, per reservation over HTTP`,
    values,
    unit: 'µs',
    digits: 1,
  }))
}
