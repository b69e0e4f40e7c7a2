// The faults of the cluster drill: which ones come, and what they do to a process.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { LocalCluster } from '../../../../gateway/cluster/local-cluster.ts'
import { drawFault, type Fault, inflict } from '../../../../gateway/drill/cluster/faults.ts'
import { seededRandom } from '../../../../gateway/drill/random.ts'
import { isRunning, SOON } from '../../../fixtures/test-cluster.ts'

const SIZE = { cores: 3, gateways: 2, leaseMs: 1_000 }

function draw(seed: number, count: number): Fault[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => drawFault(random, SIZE))
}

describe('faults that are drawn', () => {
  test('are the same for the same seed, and others for another one', () => {
    expect(draw(7, 50)).toEqual(draw(7, 50))
    expect(draw(8, 50)).not.toEqual(draw(7, 50))
  })

  test('are of every kind, for every process', () => {
    const met = new Set(draw(1, 2_000).map(({ kind, number }) => `${kind} ${number}`))
    const expected = ['kill', 'stop'].flatMap((what) => [
      ...[0, 1, 2].map((number) => `${what} core ${number}`),
      ...[0, 1].map((number) => `${what} gateway ${number}`),
      `${what} nats 0`,
    ])
    expect([...met].sort()).toEqual(expected.sort())
  })

  test('stand still for less than the lease, or for more, and only where nobody is killed', () => {
    const faults = draw(2, 2_000)
    const killed = faults.filter(({ kind }) => kind.startsWith('kill'))
    expect(new Set(killed.map(({ stopMs }) => stopMs))).toEqual(new Set([0]))
    const stopped = faults.filter(({ kind }) => kind.startsWith('stop'))
    const short = stopped.filter(({ stopMs }) => stopMs <= 800)
    const long = stopped.filter(({ stopMs }) => stopMs >= 1_000 && stopMs <= 2_000)
    expect(short.length + long.length).toBe(stopped.length)
    expect(short.length).toBeGreaterThan(stopped.length / 2)
    expect(long.length).toBeGreaterThan(stopped.length / 4)
  })
})

describe('a fault', () => {
  const children: ChildProcess[] = []
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  })

  /** Processes that do nothing, in the places of a cluster's. */
  function standIns() {
    const standIn = () => {
      const child = spawn(process.execPath, ['--eval', 'setInterval(() => undefined, 1e6)'])
      children.push(child)
      return { process: child }
    }
    const cluster = { nats: standIn(), cores: [standIn(), standIn()], gateways: [standIn()] }
    return { ...cluster, asCluster: cluster as unknown as LocalCluster }
  }

  test('kills the process that it names, and no other', async () => {
    const { cores, nats, gateways, asCluster } = standIns()
    const victim = cores[1]?.process as ChildProcess
    const gone = once(victim, 'exit')
    await inflict(asCluster, { kind: 'kill core', number: 1, stopMs: 0 })
    await gone
    expect(victim.signalCode).toBe('SIGKILL')
    for (const { process } of [cores[0] as typeof nats, nats, ...gateways]) {
      expect(isRunning(Number(process.pid))).toBe(true)
    }
    // It is not back yet when the next one comes.
    await inflict(asCluster, { kind: 'stop core', number: 1, stopMs: 60_000 })
  })

  test('makes a process stand still, and wakes it up', async () => {
    const { nats, asCluster } = standIns()
    const stateOf = () => {
      const stat = readFileSync(`/proc/${nats.process.pid}/stat`, 'utf8')
      return stat.slice(stat.lastIndexOf(')') + 2)[0]
    }
    const over = inflict(asCluster, { kind: 'stop nats', number: 0, stopMs: 300 })
    await vi.waitFor(() => expect(stateOf()).toBe('T'), { ...SOON, interval: 1 })
    await over
    await vi.waitFor(() => expect(stateOf()).not.toBe('T'), SOON)
    expect(isRunning(Number(nats.process.pid))).toBe(true)
  })
})
