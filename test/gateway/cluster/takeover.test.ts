// A partition changes hands: from a killed owner at once, from a silent one when its lease has run out. Nobody sells twice.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { HoldfastProcess } from '../../../gateway/cluster/holdfast-process.ts'
import { leaseKey, leaseRecordSchema } from '../../../gateway/nats/lease-terms.ts'
import { KvBucket, registryBucketName } from '../../../gateway/nats/registry-bucket.ts'
import { helloSubject } from '../../../gateway/nats/subjects.ts'
import { packr } from '../../../journal/message-pack.ts'
import { testNats } from '../../fixtures/nats.ts'
import { Crowd } from '../../fixtures/sales.ts'
import {
  copyData,
  endOf,
  startWhenFree,
  type TestCluster,
  testClusters,
} from '../../fixtures/test-cluster.ts'

const nats = testNats()
const newCluster = testClusters()

/** The process that holds the lease of partition 0, as NATS has it. */
async function holderOf(cluster: TestCluster): Promise<number | undefined> {
  const link = await nats.link(cluster.nats)
  const bucket = await KvBucket.existing(link, `${registryBucketName('main')}_leases`, 2_000)
  return (await bucket.read(leaseKey(0), leaseRecordSchema)).value?.pid
}

/** Asks whoever listens for partition 0 until `core` has ended; gives the epochs of all that answered. */
async function epochsUntilTheEndOf(
  cluster: TestCluster,
  core: HoldfastProcess,
): Promise<Set<number>> {
  const { connection, inboxPrefix } = await nats.link(cluster.nats)
  const epochs = new Set<number>()
  connection.subscribe(`${inboxPrefix}.hello`, {
    callback: (_, { data }) => {
      epochs.add(packr.unpack(data)[4])
    },
  })
  let hasEnded = false
  const ended = endOf(core).then(() => {
    hasEnded = true
  })
  while (!hasEnded || epochs.size === 0) {
    connection.publish(helloSubject('main', 0), '', { reply: `${inboxPrefix}.hello` })
    await connection.flush()
  }
  await ended
  return epochs
}

test('a killed owner is followed at once by its restart, which knows that it is dead', async () => {
  // So long that a restart which had to wait for it would be refused.
  const cluster = newCluster({ leaseMs: 60_000 })
  const core = cluster.core()
  const gateway = cluster.gateway()
  await cluster.start(core, gateway)
  await cluster.sales.open(gateway, 'shoe')
  const crowd = new Crowd(cluster.sales, [gateway], ['shoe'])
  await crowd.sold(200)
  const before = core.process?.pid
  await core.kill()
  expect(await holderOf(cluster), 'the lease is still of the killed one').toBe(before)
  await core.start()
  expect(await holderOf(cluster)).toBe(core.process?.pid)
  await crowd.sold(200)
  await crowd.end()
  const [first = 0, second = 0] = await cluster.epochs(core, 2)
  expect(second).toBeGreaterThan(first)
  const allowed = crowd.troubles.filter((status) => ![503, 504].includes(status))
  expect(allowed, 'the crowd met nothing but 503 and 504').toEqual([])
})

test('an owner that stood still while another took over acknowledges nothing more, and ends', async () => {
  const cluster = newCluster({ leaseMs: 3_000 })
  const old = cluster.core(0, { name: 'old' })
  const gateways = [cluster.gateway('gateway 0'), cluster.gateway('gateway 1')]
  await cluster.start(old, ...gateways)
  await cluster.sales.open(gateways[0] as HoldfastProcess, 'shoe')
  const crowd = new Crowd(cluster.sales, gateways, ['shoe'])
  await crowd.sold(200)

  old.process?.kill('SIGSTOP')
  const copy = copyData(cluster.data, join(cluster.directory, 'copy'))
  cluster.move(0, copy)
  const successor = cluster.core(0, { name: 'successor', data: copy })
  await startWhenFree(successor)
  await crowd.sold(200)
  const [before = 0] = await cluster.epochs(old, 1)
  const [after = 0] = await cluster.epochs(successor, 1)
  expect(after).toBeGreaterThan(before)

  // Frames of a second and more wait in its socket, and the crowd goes on.
  old.process?.kill('SIGCONT')
  expect(await epochsUntilTheEndOf(cluster, old)).toEqual(new Set([after]))
  expect(old.process?.exitCode).toBe(1)
  await cluster.logged(old, /^stopping: (the lease of partition 0 is lost|epoch \d+ has begun)/)
  await crowd.sold(200)
  await crowd.end()
})
