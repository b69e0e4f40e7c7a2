// NATS that is not there yet: gateways say so at once, cores wait, and both come up with it or end when told to.
import { expect, test, vi } from 'vitest'
import type { HoldfastProcess } from '../../../gateway/cluster/holdfast-process.ts'
import { endOf, SOON, type TestCluster, testClusters } from '../../fixtures/test-cluster.ts'

const newCluster = testClusters()

/** A cluster whose nats-server has an address, and is not there. */
async function withoutNats(): Promise<TestCluster> {
  const cluster = newCluster({ leaseMs: 5_000 })
  await cluster.nats.start()
  await cluster.nats.kill()
  return cluster
}

/** Until it listens, though it does not serve. */
async function untilListening(cluster: TestCluster, gateway: HoldfastProcess): Promise<void> {
  await vi.waitFor(
    async () => expect((await cluster.sales.call(gateway, 'GET', '/healthz')).status).toBe(200),
    SOON,
  )
}

test('a gateway answers 503 at once, a core waits, and both come up with NATS', async () => {
  const cluster = await withoutNats()
  const { sales } = cluster
  const core = cluster.core()
  const gateway = cluster.gateway()
  const serving = Promise.all([core.start(), gateway.start()])
  await untilListening(cluster, gateway)
  await cluster.logged(core, /No connection to nats-server at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/)
  const ready = await sales.call(gateway, 'GET', '/readyz')
  expect([ready.status, ready.body.reasons]).toEqual([503, ['cluster_not_found']])
  const refused = await sales.reserve(gateway, 'shoe', 'too-early')
  expect([refused.status, refused.body.code]).toEqual([503, 'partition_unavailable'])

  await cluster.nats.start()
  await serving
  // The owner is heard of a moment later.
  await vi.waitFor(
    async () => expect((await sales.call(gateway, 'GET', '/readyz')).status).toBe(200),
    SOON,
  )
  await sales.open(gateway, 'shoe')
  await sales.sell(gateway, 'shoe', 'too-early')
})

test('a core and a gateway that wait for NATS end at once when they are told to, as if all were well', async () => {
  const cluster = await withoutNats()
  const core = cluster.core()
  const gateway = cluster.gateway()
  const started = Promise.allSettled([core.start(), gateway.start()])
  await untilListening(cluster, gateway)
  await cluster.logged(core, /No connection to nats-server/)
  expect(await Promise.all([core.stop(), gateway.stop()])).toEqual([0, 0])
  await started
  for (const process of [core, gateway]) {
    expect(cluster.log(process).filter(({ level }) => level >= 50)).toEqual([])
  }
})

test('a gateway that waits for its cluster ends at once when it is told to', async () => {
  const cluster = newCluster()
  const gateway = cluster.gateway()
  await cluster.start()
  const started = Promise.allSettled([gateway.start()])
  await cluster.logged(gateway, /the owner of partition 0 does not answer/)
  const { status, body } = await cluster.sales.call(gateway, 'GET', '/readyz')
  expect([status, body.reasons]).toEqual([503, ['cluster_not_found']])
  gateway.process?.kill('SIGTERM')
  expect(await endOf(gateway)).toBe(0)
  await started
})
