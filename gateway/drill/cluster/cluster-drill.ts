// Sell real orders through a whole cluster while its processes are killed and stopped at random, and hold it to what it
// promised.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LocalCluster } from '../../cluster/local-cluster.ts'
import { AcknowledgedLog } from '../acknowledged-log.ts'
import { driveUntil } from '../drive-until.ts'
import { DrillError } from '../errors.ts'
import { countHashMismatches } from '../hash-mismatches.ts'
import { countLost, inspectConservation } from '../inspect-server.ts'
import { seededRandom } from '../random.ts'
import { drawFault, type Fault, inflict } from './faults.ts'
import { Prober } from './prober.ts'

/** Between two faults, at least and at most, in ms. */
const PEACE_MS_MIN = 100
const PEACE_MS_MAX = 2_500
/** Short, so that standstills often outlast it. */
const LEASE_MS = 2_000
const DEADLINE_MS = 2_000

export interface ClusterDrillOptions {
  /** Orders to sell, as for `holdfast drive`. */
  readonly file: string
  readonly limit: number | undefined
  readonly durationMs: number
  readonly partitions: number
  readonly gateways: number
  readonly seed: number
  /** Directory for the cluster and the log of acknowledged answers. */
  readonly directory: string
  readonly onFault: (fault: Fault, acknowledged: number) => void
  readonly onNote: (note: string) => void
  /** Ends the drill, and all that it has started. */
  readonly signal: AbortSignal
}

/** What the drill found; everything from `lost` on must be 0. */
export interface ClusterDrillReport {
  readonly seed: number
  readonly faults: Readonly<Record<string, number>>
  readonly probes: number
  readonly acknowledged: number
  readonly lost: number
  readonly oversold: number
  readonly stranded: number
  readonly doubled: number
  /** Differences between the drives' own ledgers and the cluster's counts. */
  readonly ledgerDifferences: number
  readonly hashMismatches: number
  /** Requests that a running gateway left without an answer beyond their deadline. */
  readonly late: number
}

/** Runs the drill. @throws ClusterError, DrillError or DriveError when it could not be carried out, or was ended. */
export async function clusterDrill(options: ClusterDrillOptions): Promise<ClusterDrillReport> {
  const cluster = drillCluster(options, dataOf(options))
  const log = new AcknowledgedLog(join(options.directory, 'acknowledged.ndjson'))
  const prober = new Prober(cluster.gateways, DEADLINE_MS)
  try {
    return await Promise.race([carryOut(options, cluster, prober, log), endOf(options.signal)])
  } finally {
    prober.stop()
    await cluster.kill()
    log.close()
  }
}

async function carryOut(
  options: ClusterDrillOptions,
  cluster: LocalCluster,
  prober: Prober,
  log: AcknowledgedLog,
): Promise<ClusterDrillReport> {
  const { seed, partitions } = options
  const faults: Record<string, number> = {}
  await cluster.start()
  prober.start()
  const wreaking = wreak(cluster, prober, log, options, faults)
  let requests = 0
  const baseUrl = () => String(cluster.gateways[requests++ % options.gateways]?.url)
  const ledgerDifferences = await driveUntil(wreaking, { ...options, baseUrl, log })
  prober.stop()
  const found = await inspect(cluster, log)
  const isWhole = await cluster.stop()
  const mismatches = await countHashMismatches(dataOf(options), partitions)
  return {
    ...{ seed, faults, probes: prober.probes, acknowledged: log.promised.size, ...found },
    doubled: log.doubled,
    ledgerDifferences,
    hashMismatches: (isWhole ? 0 : 1) + mismatches,
    late: prober.late,
  }
}

function dataOf({ directory }: ClusterDrillOptions): string {
  return join(directory, 'cluster')
}

function endOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new DrillError('server_ended', 'The drill was told to end.'))
    signal.addEventListener('abort', end, { once: true })
  })
}

function drillCluster(options: ClusterDrillOptions, directory: string): LocalCluster {
  const { partitions, gateways, onNote } = options
  return new LocalCluster({
    ...{ directory, partitions, gateways, onNote, port: 0 },
    // Snapshots every second and small segments, so that faults hit those too.
    coreFlags: [
      ...['--lease-ms', String(LEASE_MS), '--snapshot-interval-ms', '1000'],
      ...['--segment-bytes', '4194304'],
    ],
    gatewayFlags: ['--request-deadline-ms', String(DEADLINE_MS)],
  })
}

// Faults follow each other, and sometimes overlap: a standstill does not wait for its end before the next one comes.
async function wreak(
  cluster: LocalCluster,
  prober: Prober,
  log: AcknowledgedLog,
  options: ClusterDrillOptions,
  faults: Record<string, number>,
): Promise<void> {
  const random = seededRandom(options.seed)
  const { partitions: cores, gateways } = options
  const running = new Set<Promise<void>>()
  await log.begun
  const endsAt = performance.now() + options.durationMs
  while (performance.now() < endsAt) {
    await delay(PEACE_MS_MIN + random() * (PEACE_MS_MAX - PEACE_MS_MIN))
    const fault = drawFault(random, { cores, gateways, leaseMs: LEASE_MS })
    faults[fault.kind] = (faults[fault.kind] ?? 0) + 1
    log.sync()
    options.onFault(fault, log.promised.size)
    const isOfGateway = fault.kind.endsWith('gateway')
    if (isOfGateway) prober.disturb(fault.number)
    const one = inflict(cluster, fault).then(() => {
      running.delete(one)
      if (isOfGateway) prober.disturb(fault.number)
    })
    running.add(one)
  }
  await Promise.all(running)
}

async function inspect(cluster: LocalCluster, log: AcknowledgedLog) {
  const url = String(cluster.gateways[0]?.url)
  const { oversold, stranded } = await inspectConservation(url)
  return { lost: await countLost(url, log.promised.values()), oversold, stranded }
}
