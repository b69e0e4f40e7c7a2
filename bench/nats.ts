// The cluster against what its parts allow: frames against single requests, HTTP through NATS against HTTP embedded,
// the shield against a constant route.
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { idOfKey } from '../gateway/api/new-reservation-id.ts'
import { HoldfastProcess } from '../gateway/cluster/holdfast-process.ts'
import { LocalCluster } from '../gateway/cluster/local-cluster.ts'
import { encodeCommandFrame } from '../gateway/nats/frame.ts'
import { endChild, startConstant } from './constant-process.ts'
import { cpuTimeMs } from './cpu-time.ts'
import { loadEcho, loadFrames } from './frame-load.ts'
import { CONNECTIONS, checkHeld, loadReservations, openSkus } from './http-load.ts'
import { machineLine, median, spread } from './machine.ts'
import type { BenchOptions } from './options.ts'

const ECHO = fileURLToPath(new URL('./echo-server.js', import.meta.url))
const ECHO_SUBJECT = 'bench.echo'
const WARM_UP_SECONDS = 3
/** Every reservation stays held: longer runs would measure memory. */
const FRAME_SECONDS_MAX = 2

/** Everything side by side, round by round. */
export async function runNatsBench(options: BenchOptions): Promise<void> {
  const words = `${CONNECTIONS} connections; durable: one fdatasync per commit; 1 partition, 1 gateway`
  process.stderr.write(`${machineLine()}; ${words}\n`)
  const figures = {
    machine: machineLine(),
    frames: await benchFrames(options),
    http: await benchHttp(options),
    shield: await benchShield(options),
  }
  process.stdout.write(options.json ? `${JSON.stringify(figures)}\n` : inWords(figures))
}

interface Pair {
  readonly ours: readonly number[]
  readonly limit: readonly number[]
  readonly ratio: number
}

type HttpPair = Pair & { readonly cpuMicroseconds: Readonly<Record<string, number>> }

async function benchFrames(options: BenchOptions): Promise<Pair> {
  return withCluster(async (cluster) => {
    const echo = await startEcho(cluster.nats.url)
    try {
      await openSkus(String(cluster.gateways[0]?.url))
      const { url } = cluster.nats
      const seconds = Math.min(options.seconds, FRAME_SECONDS_MAX)
      await loadFrames(url, WARM_UP_SECONDS)
      await loadEcho(url, ECHO_SUBJECT, singleCommand(), WARM_UP_SECONDS)
      return await alternate(options, 'frames', {
        ours: async () => (await loadFrames(url, seconds)).perSecond,
        limit: () => loadEcho(url, ECHO_SUBJECT, singleCommand(), seconds),
      })
    } finally {
      await endChild(echo)
    }
  })
}

async function benchHttp(options: BenchOptions): Promise<HttpPair> {
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const serve = () => ['serve', '--data', data]
  const embedded = new HoldfastProcess({
    name: 'server',
    words: serve,
    readyWhen: 'recovered',
    port: 0,
  })
  await embedded.start()
  try {
    return await withCluster(async (cluster) => {
      const url = String(cluster.gateways[0]?.url)
      await Promise.all([openSkus(url), openSkus(embedded.url)])
      const meter = new CpuMeter(cluster)
      const load = async (target: string) =>
        (await loadReservations(target, options.seconds)).perSecond
      await loadReservations(embedded.url, WARM_UP_SECONDS)
      await loadReservations(url, WARM_UP_SECONDS)
      const pair = await alternate(options, 'http', {
        ours: () => meter.around(() => loadReservations(url, options.seconds)),
        limit: () => load(embedded.url),
      })
      await checkHeld(url, meter.answered)
      return { ...pair, cpuMicroseconds: meter.perAnswer() }
    })
  } finally {
    await embedded.stop()
    rmSync(data, { recursive: true })
  }
}

async function benchShield(options: BenchOptions): Promise<Pair> {
  const constant = await startConstant()
  try {
    return await withCluster(async (cluster) => {
      const url = String(cluster.gateways[0]?.url)
      await openSkus(url, 0)
      const load = async (target: string, expected: 'made' | 'refused') =>
        (await loadReservations(target, options.seconds, expected)).perSecond
      await loadReservations(constant.url, WARM_UP_SECONDS)
      await loadReservations(url, WARM_UP_SECONDS, 'refused')
      return alternate(options, 'shield', {
        ours: () => load(url, 'refused'),
        limit: () => load(constant.url, 'made'),
      })
    })
  } finally {
    await endChild(constant.process)
  }
}

async function alternate(
  options: BenchOptions,
  name: string,
  runs: { ours: () => Promise<number>; limit: () => Promise<number> },
): Promise<Pair> {
  const ours: number[] = []
  const limit: number[] = []
  for (let round = 1; round <= options.rounds; round++) {
    limit.push(await runs.limit())
    ours.push(await runs.ours())
    process.stderr.write(`${name}: round ${round} of ${options.rounds}\n`)
  }
  const ratio = median(ours.map((rate, index) => rate / (limit[index] ?? Number.NaN)))
  return { ours, limit, ratio }
}

/** Processor time of a cluster's processes while it answers. */
class CpuMeter {
  readonly #pids: Readonly<Record<string, number | undefined>>
  readonly #usedMs: Record<string, number> = {}
  #answered = 0

  constructor({ nats, cores, gateways }: LocalCluster) {
    this.#pids = {
      gateway: gateways[0]?.process?.pid,
      'nats-server': nats.process?.pid,
      core: cores[0]?.process?.pid,
    }
  }

  get answered(): number {
    return this.#answered
  }

  async around(load: () => Promise<{ perSecond: number; answered: number }>): Promise<number> {
    const before = this.#read()
    const { perSecond, answered } = await load()
    const after = this.#read()
    for (const name of Object.keys(this.#pids)) {
      const usedMs = (after[name] ?? 0) - (before[name] ?? 0)
      this.#usedMs[name] = (this.#usedMs[name] ?? 0) + usedMs
    }
    this.#answered += answered
    return perSecond
  }

  /** Microseconds per answered request, by process. */
  perAnswer(): Record<string, number> {
    const entries = Object.entries(this.#usedMs)
    return Object.fromEntries(entries.map(([name, ms]) => [name, (ms * 1_000) / this.#answered]))
  }

  #read(): Record<string, number> {
    const entries = Object.entries(this.#pids)
    return Object.fromEntries(entries.map(([name, pid]) => [name, cpuTimeMs(pid)]))
  }
}

async function withCluster<Result>(
  run: (cluster: LocalCluster) => Promise<Result>,
): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const onNote = (note: string) => process.stderr.write(`${note}\n`)
  const cluster = new LocalCluster({ directory, partitions: 1, gateways: 1, port: 0, onNote })
  try {
    await cluster.start()
    return await run(cluster)
  } finally {
    await cluster.stop()
    rmSync(directory, { recursive: true })
  }
}

async function startEcho(url: string): Promise<ChildProcess> {
  const child = fork(ECHO, [url, ECHO_SUBJECT])
  await new Promise((resolve) => child.once('message', resolve))
  return child
}

function singleCommand(): Uint8Array {
  const id = idOfKey('buyer-1', 'sku-1', 'echo')
  const reserve = { kind: 'reserve', id, sku: 'sku-1', buyer: 'buyer-1', quantity: 1 } as const
  return encodeCommandFrame({
    notes: [],
    ...{ partition: 0, partitionCount: 1, epoch: 1, sender: 'bench', number: 1 },
    ...{ sentAtMs: 1_000_000, dueInMs: 5_000 },
    commands: [{ ...reserve, holdMs: undefined, meta: undefined }],
  })
}

function inWords({ frames, http, shield }: { frames: Pair; http: HttpPair; shield: Pair }): string {
  const cpu = Object.entries(http.cpuMicroseconds)
  const used = cpu.map(([name, microseconds]) => `${name} ${microseconds.toFixed(1)} µs`)
  return [
    `nats, median (min – max) of ${frames.ours.length}`,
    `  NATS request/reply echo, 1 command a message   ${spread(frames.limit)} /s`,
    `  frames client → partition, durable             ${spread(frames.ours)} reservations/s`,
    `  frames to echo                                 ${frames.ratio.toFixed(2)}`,
    `  HTTP embedded, durable                         ${spread(http.limit)} reservations/s`,
    `  HTTP through NATS, durable                     ${spread(http.ours)} reservations/s`,
    `  through NATS to embedded                       ${http.ratio.toFixed(2)}`,
    `  processor time per reservation                 ${used.join(', ')}`,
    `  constant Fastify route                         ${spread(shield.limit)} requests/s`,
    `  sold out, answered by the shield               ${spread(shield.ours)} refusals/s`,
    `  shield to constant                             ${shield.ratio.toFixed(2)}`,
    '',
  ].join('\n')
}
