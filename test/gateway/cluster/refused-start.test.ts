// Cores that must not start: what they say, and that whoever owns the partition goes on selling.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { HoldfastProcess } from '../../../gateway/cluster/holdfast-process.ts'
import type { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import { KvBucket, registryBucketName } from '../../../gateway/nats/registry-bucket.ts'
import {
  partitionKey,
  partitionSchema,
  REGISTRY_TIMEOUT_MS,
} from '../../../gateway/nats/registry-records.ts'
import { IDENTITY } from '../../fixtures/blocks.ts'
import { DataDirectory } from '../../fixtures/data-directory.ts'
import { testNats } from '../../fixtures/nats.ts'
import { fatalLine, runHoldfast } from '../../fixtures/real-server.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import {
  type CoreOptions,
  clusterForAll,
  copyData,
  SOON,
  skuOf,
  type TestCluster,
  testClusters,
} from '../../fixtures/test-cluster.ts'

const newDirectory = tempDirectories()
const nats = testNats()
const newCluster = testClusters()

interface Refusal {
  readonly status: number | null
  readonly code: string | undefined
  readonly message: string
}

/** Starts a core that is expected to refuse. */
async function refusal(
  cluster: TestCluster,
  partition: number,
  options: CoreOptions,
): Promise<Refusal> {
  const ending = await runHoldfast(cluster.coreWords(partition, options))
  const { err } = fatalLine(ending) ?? {}
  return { status: ending.status, code: err?.code, message: String(err?.message) }
}

describe('beside an owner that sells, a core', () => {
  const sku = skuOf(0, 2)
  let shop: HoldfastProcess
  const cluster = clusterForAll({ partitions: 2, leaseMs: 10_000 }, async (one) => {
    shop = one.gateway()
    await one.start(one.core(0), shop)
    await one.sales.open(shop, sku)
  })

  test('on the same data directory is refused by the directory', async () => {
    const { status, code, message } = await refusal(cluster(), 0, {})
    expect([status, code]).toEqual([1, 'journal_owned'])
    expect(message).toContain(`${cluster().data}/partition-0 is owned by process `)
    await cluster().sales.sell(shop, sku, 'after-journal_owned')
  })

  test('on an empty data directory is refused by the lease, which names the holder', async () => {
    const { status, code, message } = await refusal(cluster(), 0, { data: newDirectory() })
    expect([status, code]).toEqual([1, 'lease_held'])
    expect(message).toMatch(/^Partition 0 is owned by process \d+ on host /)
    expect(message).toContain(`with the data directory ${cluster().data}/partition-0`)
    await cluster().sales.sell(shop, sku, 'after-lease_held')
  })

  test('for another number of partitions is refused, and leaves its partition free', async () => {
    const wrong = { data: newDirectory(), partitions: 3 }
    const { status, code, message } = await refusal(cluster(), 1, wrong)
    expect([status, code]).toEqual([1, 'partition_count_differs'])
    expect(message).toContain('has 2 partitions, but this process was started for 3')
    // A core never waits for a lease, and this one would last for 10 s: it was given back.
    const right = cluster().core(1)
    await right.start()
    expect(await right.stop()).toBe(0)
    await cluster().sales.sell(shop, sku, 'after-partition_count_differs')
  })

  test("on a journal of another cluster is refused with both clusters' ids", async () => {
    const clusterId = 'ff'.repeat(16)
    const identity = { ...IDENTITY, clusterId, partition: 1, partitionCount: 2 }
    const other = await DataDirectory.write(newDirectory(), 1, identity)
    const data = newDirectory()
    copyData(other.paths.root, join(data, 'partition-1'))
    const { status, code, message } = await refusal(cluster(), 1, { data })
    expect([status, code]).toEqual([1, 'cluster_foreign'])
    expect(message).toMatch(/belongs to cluster id f{32}.* has the id [0-9a-f]{32}/)
    await cluster().sales.sell(shop, sku, 'after-cluster_foreign')
  })

  test('with another lease is refused with the one that the cluster keeps', async () => {
    const wrong = { data: newDirectory(), leaseMs: 3_000 }
    const { status, code, message } = await refusal(cluster(), 1, wrong)
    expect([status, code]).toEqual([1, 'lease_ttl_differs'])
    expect(message).toMatch(/keeps its leases for 10000 ms.* set to 3000 ms/)
    await cluster().sales.sell(shop, sku, 'after-lease_ttl_differs')
  })
})

test('a core is refused by a nats-server that has no JetStream for it', async () => {
  const plain = 'accounts { PLAIN { users: [ { user: core, password: secret } ] } }'
  const server = await nats.server(`${plain}\nno_auth_user: core`)
  const words = ['core', '--nats', server.url, '--data', newDirectory()]
  const ending = await runHoldfast(words)
  expect([ending.status, fatalLine(ending)?.err?.code]).toEqual([1, 'jetstream_missing'])
})

describe('a journal that ends before what its partition had acknowledged', () => {
  test('is refused, be it empty or an older copy, until somebody gives up what it lacks', async () => {
    const cluster = newCluster({ leaseMs: 3_000 })
    const { sales } = cluster
    const shop = cluster.gateway()
    const core = cluster.core()
    await cluster.start(core, shop)
    await sales.open(shop, 'shoe')
    await sales.sell(shop, 'shoe', 'before-the-copy')
    expect(await core.stop()).toBe(0)
    const older = copyData(cluster.data, newDirectory())
    await core.start()
    const givenUp = await sales.sell(shop, 'shoe', 'after-the-copy')
    // A kill, so that the registry has heard of it from the renewals of the lease alone.
    await untilTold(cluster, 3)
    await core.kill()

    // Nobody knows an empty directory's owner to be dead: it may start when the lease has run out.
    const empty = await refusalWhenFree(cluster, { data: newDirectory() })
    expect([empty.status, empty.code]).toEqual([1, 'journal_behind'])
    expect(empty.message).toContain(
      'ends at seq 0 of epoch 0, but partition 0 had acknowledged seq 3',
    )
    const behind = await refusal(cluster, 0, { data: older })
    expect([behind.status, behind.code]).toEqual([1, 'journal_behind'])
    expect(behind.message).toContain('ends at seq 2 of epoch ')
    expect(behind.message).toContain(cluster.data)

    const flags = ['--accept-older-journal', 'yes']
    await cluster.core(0, { data: older, flags, name: 'core older' }).start()
    cluster.move(0, older)
    sales.forget(givenUp)
    await sales.sell(shop, 'shoe', 'with-the-older-journal')
  })

  test('is found out also after NATS has lost everything, from the next start on', async () => {
    const cluster = newCluster({ leaseMs: 3_000 })
    const { sales, nats: server } = cluster
    const core = cluster.core()
    const shop = cluster.gateway()
    await cluster.start(core, shop)
    await sales.open(shop, 'shoe')
    await sales.sell(shop, 'shoe', 'before')
    expect(await core.stop()).toBe(0)
    await loseEverything(server, cluster)
    // The epochs of the new NATS begin at 1 again; those in the journal go on.
    await core.start()
    expect(await toldSeq(cluster), 'told before it sells').toBe(2)
    expect(await cluster.epochs(core, 2)).toEqual([1, 2])
    await sales.sell(shop, 'shoe', 'after')
  })
})

/** What is said when it is no longer that another one holds the lease. */
async function refusalWhenFree(cluster: TestCluster, options: CoreOptions): Promise<Refusal> {
  for (;;) {
    const said = await refusal(cluster, 0, options)
    if (said.code !== 'lease_held') return said
  }
}

async function loseEverything(server: NatsServer, cluster: TestCluster): Promise<void> {
  await server.kill()
  rmSync(join(cluster.directory, 'nats', 'jetstream'), { recursive: true })
  await server.start()
}

/** What the registry has heard of partition 0. */
async function toldSeq(cluster: TestCluster): Promise<number | undefined> {
  const link = await nats.link(cluster.nats)
  const name = registryBucketName('main')
  const bucket = await KvBucket.existing(link, name, REGISTRY_TIMEOUT_MS)
  return (await bucket.read(partitionKey(0), partitionSchema)).value?.lastSeq
}

async function untilTold(cluster: TestCluster, seq: number): Promise<void> {
  await vi.waitFor(async () => expect(await toldSeq(cluster)).toBe(seq), SOON)
}
