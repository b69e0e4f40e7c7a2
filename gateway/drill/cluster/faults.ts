// What can befall a process of a cluster: it is killed, or it stands still for a while and wakes up.
import { setTimeout as delay } from 'node:timers/promises'
import type { LocalCluster } from '../../cluster/local-cluster.ts'
import type { Supervised } from '../../cluster/supervisor.ts'
import type { seededRandom } from '../random.ts'

type Random = ReturnType<typeof seededRandom>

const KINDS = ['kill core', 'kill gateway', 'kill nats', 'stop core', 'stop gateway', 'stop nats']
/** Of every ten standstills this many last longer than the lease. */
const LONG_IN_TEN = 4

/** One fault, drawn. */
export interface Fault {
  readonly kind: string
  /** The process by its place among those of its kind. */
  readonly number: number
  /** How long it stands still; 0 when it is killed. */
  readonly stopMs: number
}

/** Draws a fault for a cluster of that size. */
export function drawFault(
  random: Random,
  size: { readonly cores: number; readonly gateways: number; readonly leaseMs: number },
): Fault {
  const kind = KINDS[Math.floor(random() * KINDS.length)] ?? 'kill core'
  const count = kind.endsWith('core') ? size.cores : kind.endsWith('gateway') ? size.gateways : 1
  const number = Math.floor(random() * count)
  const isLong = random() * 10 < LONG_IN_TEN
  const stopMs = Math.round(size.leaseMs * (isLong ? 1 + random() : random() * 0.8))
  return { kind, number, stopMs: kind.startsWith('kill') ? 0 : stopMs }
}

/** Does it to the cluster; resolves when the process is gone, or runs again. */
export async function inflict(
  cluster: LocalCluster,
  { kind, number, stopMs }: Fault,
): Promise<void> {
  const target = targetOf(cluster, kind, number)
  const child = target?.process
  // It may have ended by itself, as an owner that lost its lease does, and not be back yet.
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  if (stopMs === 0) {
    child.kill('SIGKILL')
    return
  }
  child.kill('SIGSTOP')
  try {
    await delay(stopMs)
  } finally {
    child.kill('SIGCONT')
  }
}

function targetOf(cluster: LocalCluster, kind: string, number: number): Supervised | undefined {
  if (kind.endsWith('nats')) return cluster.nats
  return kind.endsWith('core') ? cluster.cores[number] : cluster.gateways[number]
}
