// HTTP through a cluster, and the processor time that its processes spend on it.
import { type RunningCluster, startCluster } from './cluster-contestants.ts'
import type { Contestant } from './contestant.ts'
import { CpuMeter, pidsOf } from './cpu-meter.ts'
import { httpContestant } from './http-contestants.ts'
import { checkHeld, loadReservations, NEVER_BUSY, openSkus } from './http-load.ts'

export interface MeteredContestant {
  readonly contestant: Contestant
  /** µs per answer in each run, by process; without the warm-up. */
  cpuTimes(): Readonly<Record<string, readonly number[]>>
}

/** Single reservations through gateway, NATS and core. */
export function clusterHttp(name: string): MeteredContestant {
  let running: RunningCluster | undefined
  const meter = new CpuMeter(() => pidsOf(running))
  const contestant = httpContestant({
    name,
    role: 'ours',
    durability: 'one fdatasync per commit, before the answer',
    start: async () => {
      running = await startCluster({ gatewayFlags: NEVER_BUSY })
      return running
    },
    fill: (url) => openSkus(url),
    load: (url, seconds) =>
      meter.around(
        () => loadReservations(url, seconds),
        ({ answered }) => answered,
      ),
    check: checkHeld,
  })
  return { contestant, cpuTimes: () => meter.byProcess() }
}
