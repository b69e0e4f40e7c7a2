// HTTP through a cluster, and the processor time that its processes spend on it.
import { type RunningCluster, startCluster } from './cluster-contestants.ts'
import type { Contestant } from './contestant.ts'
import { cpuTimeMs } from './cpu-time.ts'
import { httpContestant } from './http-contestants.ts'
import { checkHeld, type Load, loadReservations, NEVER_BUSY, openSkus } from './http-load.ts'

export interface MeteredContestant {
  readonly contestant: Contestant
  /** µs per answer in each run, by process; without the warm-up. */
  cpuTimes(): Readonly<Record<string, readonly number[]>>
}

/** Single reservations through gateway, NATS and core. */
export function clusterHttp(name: string): MeteredContestant {
  let running: RunningCluster | undefined
  const runs: Readonly<Record<string, number>>[] = []
  const contestant = httpContestant({
    name,
    role: 'ours',
    durability: 'one fdatasync per commit, before the answer',
    start: async () => {
      running = await startCluster(NEVER_BUSY)
      return running
    },
    fill: (url) => openSkus(url),
    load: async (url, seconds) => {
      const before = cpuTimesOf(running)
      const load = await loadReservations(url, seconds)
      runs.push(perAnswer(before, cpuTimesOf(running), load))
      return load
    },
    check: checkHeld,
  })
  return { contestant, cpuTimes: () => byProcess(runs.slice(1)) }
}

function cpuTimesOf(running: RunningCluster | undefined): Record<string, number> {
  if (running === undefined) return {}
  const { cores, gateways, nats } = running.cluster
  return {
    gateway: cpuTimeMs(gateways[0]?.process?.pid),
    core: cpuTimeMs(cores[0]?.process?.pid),
    'nats-server': cpuTimeMs(nats.process?.pid),
  }
}

function perAnswer(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  { answered }: Load,
): Record<string, number> {
  const entries = Object.entries(after).map(([process, afterMs]) => {
    const usedMs = afterMs - (before[process] ?? 0)
    return [process, (usedMs * 1_000) / answered]
  })
  return Object.fromEntries(entries)
}

function byProcess(runs: readonly Readonly<Record<string, number>>[]): Record<string, number[]> {
  const processes = Object.keys(runs[0] ?? {})
  const entries = processes.map((process) => [process, runs.map((run) => run[process] ?? 0)])
  return Object.fromEntries(entries)
}
