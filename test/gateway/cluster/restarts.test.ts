// Processes of a selling cluster are killed, kept down, and told to stop. Nobody who was sold something loses it.
import { describe, expect, test, vi } from 'vitest'
import type { HoldfastProcess } from '../../../gateway/cluster/holdfast-process.ts'
import { Supervisor } from '../../../gateway/cluster/supervisor.ts'
import { Crowd } from '../../fixtures/sales.ts'
import { clusterForAll, SOON, skuOf, testClusters } from '../../fixtures/test-cluster.ts'

const newCluster = testClusters()
const SKUS = [skuOf(0, 2), skuOf(1, 2)]

describe('under load', () => {
  let cores: HoldfastProcess[]
  let gateways: HoldfastProcess[]
  const cluster = clusterForAll({ partitions: 2, leaseMs: 20_000 }, async (one) => {
    cores = [one.core(0), one.core(1)]
    gateways = [one.gateway('gateway 0'), one.gateway('gateway 1')]
    await one.start(...cores, ...gateways)
    for (const sku of SKUS) await one.sales.open(gateways[0] as HoldfastProcess, sku)
  })

  test('a gateway that was killed serves again after a restart, and the other one all the time', async () => {
    const [victim, other] = gateways as [HoldfastProcess, HoldfastProcess]
    const crowd = new Crowd(cluster().sales, gateways, SKUS)
    const loyal = new Crowd(cluster().sales, [other], SKUS)
    await crowd.sold(200)
    await victim.kill()
    await loyal.sold(200)
    await victim.start()
    const returned = new Crowd(cluster().sales, [victim], SKUS)
    await returned.sold(200)
    for (const one of [crowd, loyal, returned]) await one.end()
    expect(loyal.troubles).toEqual([])
    expect(returned.troubles).toEqual([])
  })

  test('an owner survives that nats-server is killed and back within the lease', async () => {
    const pids = cores.map((core) => core.process?.pid)
    const crowd = new Crowd(cluster().sales, gateways, SKUS)
    await crowd.sold(200)
    await cluster().nats.kill()
    const [gateway] = gateways as [HoldfastProcess]
    const reasons = async () => (await cluster().sales.call(gateway, 'GET', '/readyz')).body.reasons
    await vi.waitFor(async () => expect(await reasons()).toEqual(['nats_down']), SOON)
    const refused = await cluster().sales.reserve(gateway, String(SKUS[0]), 'while-nats-is-down')
    expect([refused.status, refused.body.code]).toEqual([503, 'partition_unavailable'])
    await cluster().nats.start()
    await crowd.sold(200)
    await crowd.end()
    expect(cores.map((core) => core.process?.pid)).toEqual(pids)
    for (const core of cores) expect(await cluster().epochs(core, 1)).toHaveLength(1)
  })

  test('SIGTERM ends a gateway and an owner with 0, and no request hangs', async () => {
    const [gateway, other] = gateways as [HoldfastProcess, HoldfastProcess]
    const crowd = new Crowd(cluster().sales, [gateway], SKUS)
    const others = new Crowd(cluster().sales, [other], SKUS)
    await crowd.sold(200)
    expect(await gateway.stop()).toBe(0)
    await crowd.end()
    await others.sold(200)
    expect(await Promise.all(cores.map((core) => core.stop()))).toEqual([0, 0])
    await others.end()
    expect(await other.stop()).toBe(0)
    // Whoever was told something was told that it was sold, or that it was not: an orderly end leaves no doubt.
    expect(others.troubles.filter((status) => status !== 503)).toEqual([])
  })
})

test('nats-server kept down beyond the lease ends the owner, which its supervisor brings back', async () => {
  const cluster = newCluster({ leaseMs: 3_000 })
  const core = cluster.core()
  const gateway = cluster.gateway()
  const notes: string[] = []
  const supervisor = new Supervisor('core', core, (note) => notes.push(note))
  try {
    await cluster.nats.start()
    await Promise.all([supervisor.begin(), gateway.start()])
    await cluster.sales.open(gateway, 'shoe')
    const crowd = new Crowd(cluster.sales, [gateway], ['shoe'])
    await crowd.sold(200)
    await cluster.nats.kill()
    await cluster.logged(core, /^stopping: the lease of partition 0 is lost: it was not renewed/)
    // The next one is there, and waits.
    await cluster.logged(core, /No connection to nats-server/)
    await cluster.nats.start()
    await crowd.sold(200)
    await crowd.end()
    expect(notes).toEqual(['core ended (exit code 1); starting it again'])
    const [first = 0, second = 0] = await cluster.epochs(core, 2)
    expect(second).toBeGreaterThan(first)
  } finally {
    supervisor.stop()
  }
})
