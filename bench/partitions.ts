// What a second partition brings: frames to one and to two owners, by one client, on the same cores.
import { overNats, type RunningCluster, startCluster } from './cluster-contestants.ts'
import type { MeteredContestant } from './cluster-http.ts'
import { contest, ratioOf } from './contest.ts'
import { CpuMeter, pidsOf } from './cpu-meter.ts'
import { loadFrames } from './frame-load.ts'
import { checkHeld, openSkus } from './http-load.ts'
import { median } from './machine.ts'
import type { BenchOptions } from './options.ts'
import type { Curve, Figure, Line, ScenarioReport } from './scenario-report.ts'

const COUNTS = [1, 2] as const
/** Every reservation stays held: longer runs would measure memory. */
const SECONDS_MAX = 2

const METHOD = [
  'A local cluster each for one and for two partitions: nats-server, an owner process per partition, a gateway that only opens the SKUs; the cluster that is not measured is idle.',
  'One client process sends reserve commands of 100 SKUs in frames straight to the owners; 24,576 commands wait for their answers at any time, shared among the partitions; new, durable reservations are counted.',
  'Client, nats-server and all owners share the cores of one machine: owners have a second core only as far as the client and nats-server leave one. Processor time per reservation says who used it; what it adds up to with one partition is what two cannot do twice.',
]

/** Both in turn, round by round. */
export async function benchPartitions(options: BenchOptions): Promise<ScenarioReport> {
  const clusters = COUNTS.map((partitions) => framesTo(partitions))
  const entries = clusters.map(({ contestant }) => overNats(contestant))
  const seconds = Math.min(options.seconds, SECONDS_MAX)
  const { lines, skipped } = await contest('partitions', entries, { ...options, seconds })
  const ratio = ratioOf(lines, nameOf(2), nameOf(1))
  const cpu = clusters.flatMap((cluster, index) => cpuFigures(cluster, COUNTS[index] ?? 0))
  return {
    name: 'partitions',
    title: 'Two partitions on the cores of one machine',
    method: METHOD,
    lines,
    figures: [...(ratio === undefined ? [] : [ratio]), ...cpu],
    curves: lines.length === 0 ? [] : [scaling(lines)],
    checks: [
      'Every acknowledged reservation is held; available + held + sold = stock for each SKU of all partitions.',
    ],
    skipped,
  }
}

function framesTo(partitions: number): MeteredContestant {
  let running: RunningCluster | undefined
  let made = 0
  const meter = new CpuMeter(() => {
    const { core = [], 'nats-server': nats = [] } = pidsOf(running)
    return { client: [process.pid], 'nats-server': nats, owners: core }
  })
  const contestant = {
    name: nameOf(partitions),
    role: 'ours',
    durability: 'one fdatasync per commit of each partition, before the answer',
    open: async () => {
      running = await startCluster({ partitions })
      await openSkus(running.url)
    },
    run: async (seconds: number) => {
      const url = String(running?.cluster.nats.url)
      const load = () => loadFrames(url, seconds, partitions)
      const run = await meter.around(load, (done) => done.made)
      made += run.made
      return { perSecond: run.perSecond, requestsPerSecond: run.perSecond }
    },
    check: () => checkHeld(String(running?.url), made),
    close: async () => running?.stop(),
  } as const
  return { contestant, cpuTimes: () => meter.byProcess() }
}

function nameOf(partitions: number): string {
  return partitions === 1 ? '1 partition' : `${partitions} partitions`
}

function cpuFigures({ cpuTimes }: MeteredContestant, partitions: number): Figure[] {
  return Object.entries(cpuTimes()).map(([process, values]) => ({
    what: `processor time of the ${process}, per reservation with ${nameOf(partitions)}`,
    ...{ values, unit: 'µs', digits: 1 },
  }))
}

function scaling(lines: readonly Line[]): Curve {
  const points = COUNTS.flatMap((partitions) => {
    const line = lines.find(({ name }) => name === nameOf(partitions))
    if (line === undefined) return []
    return [[partitions, median(line.samples.map(({ perSecond }) => perSecond))] as const]
  })
  return {
    ...{ title: 'Reservations over partitions', xLabel: 'partitions', yLabel: 'reservations/s' },
    ...{ xScale: 'linear', yScale: 'linear' },
    series: [{ name: 'frames, durable', points }],
  }
}
