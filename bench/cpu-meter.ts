// What processes use of the processor while they are loaded, per answer.
import type { RunningCluster } from './cluster-contestants.ts'
import { cpuTimeMs } from './cpu-time.ts'

type ByProcess<Value> = Readonly<Record<string, Value>>

/** Processor time by process, run by run. */
export class CpuMeter {
  readonly #pids: () => ByProcess<readonly (number | undefined)[]>
  readonly #runs: ByProcess<number>[] = []

  /** `pids` are asked for before and after each run; those of one name count together. */
  constructor(pids: () => ByProcess<readonly (number | undefined)[]>) {
    this.#pids = pids
  }

  /** Meters one run, of which `answersOf` says how many answers it came to. */
  async around<Run>(run: () => Promise<Run>, answersOf: (run: Run) => number): Promise<Run> {
    const before = this.#timesMs()
    const done = await run()
    const answers = answersOf(done)
    const used = Object.entries(this.#timesMs()).map(([name, afterMs]) => {
      const usedMs = afterMs - (before[name] ?? 0)
      return [name, (usedMs * 1_000) / answers]
    })
    this.#runs.push(Object.fromEntries(used))
    return done
  }

  /** µs per answer in each run, by process; without the first one, the warm-up. */
  byProcess(): ByProcess<readonly number[]> {
    const runs = this.#runs.slice(1)
    const names = Object.keys(runs[0] ?? {})
    return Object.fromEntries(names.map((name) => [name, runs.map((run) => run[name] ?? 0)]))
  }

  #timesMs(): ByProcess<number> {
    const times = Object.entries(this.#pids()).map(([name, pids]) => {
      return [name, pids.reduce<number>((sum, pid) => sum + cpuTimeMs(pid), 0)]
    })
    return Object.fromEntries(times)
  }
}

/** The processes of a cluster, by what they are. */
export function pidsOf(
  running: RunningCluster | undefined,
): ByProcess<readonly (number | undefined)[]> {
  if (running === undefined) return {}
  const { cores, gateways, nats } = running.cluster
  return {
    gateway: gateways.map((gateway) => gateway.process?.pid),
    core: cores.map((core) => core.process?.pid),
    'nats-server': [nats.process?.pid],
  }
}
