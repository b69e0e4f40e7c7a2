// The registry of a cluster on real nats-servers: what belongs together starts, and nothing else does.
import { randomBytes } from 'node:crypto'
import { jetstream } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { describe, expect, test, vi } from 'vitest'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import {
  type Joined,
  type JoinOptions,
  joinCluster,
  readCluster,
} from '../../../gateway/nats/registry.ts'
import { PartitionRecord } from '../../../gateway/nats/registry-partition-record.ts'
import { natsRefusal, WAIT } from '../../fixtures/leases.ts'
import { testNats } from '../../fixtures/nats.ts'

const CLUSTER = 'registry-test'
const BUCKET = `holdfast_${CLUSTER}`
const OURS = 'aa'.repeat(16)
const OTHER = 'bb'.repeat(16)

const nats = testNats()

/** Joins as partition 0 of 2 with an empty data directory, but for what is said. */
const join = (link: NatsLink, more: Partial<JoinOptions> = {}): Promise<Joined> =>
  joinCluster({
    link,
    cluster: CLUSTER,
    partitionCount: 2,
    clusterId: undefined,
    partition: 0,
    journalSeq: 0,
    journalEpoch: 7,
    acceptOlderJournal: false,
    ...more,
  })

const openRecord = (link: NatsLink, epoch = 7): Promise<PartitionRecord> =>
  PartitionRecord.open({ link, cluster: CLUSTER, partition: 0, epoch, data: 'shop-1:/srv/data' })

const openBucket = (link: NatsLink): Promise<KV> => new Kvm(jetstream(link.connection)).open(BUCKET)

const recorded = async (link: NatsLink): Promise<unknown> =>
  (await (await openBucket(link)).get('partition.0'))?.json()

describe('joining a cluster', () => {
  test('founds it with the id of the journal, and everybody later gets that id', async () => {
    const link = await nats.link(await nats.server())
    expect(await readCluster(link, CLUSTER)).toBeUndefined()
    expect(await join(link, { clusterId: OURS })).toMatchObject({ clusterId: OURS })
    expect(await join(link, { partition: 1 })).toMatchObject({ clusterId: OURS })
    expect(await join(link, { clusterId: OURS })).toMatchObject({ clusterId: OURS })
    expect(await readCluster(link, CLUSTER)).toEqual({ clusterId: OURS, partitionCount: 2 })
    expect(await readCluster(link, 'another')).toBeUndefined()
  })

  test('founds it with a new id when there is no journal; it outlives kill -9 of nats-server', async () => {
    const server = await nats.server()
    const { clusterId } = await join(await nats.link(server))
    expect(clusterId).toMatch(/^[0-9a-f]{32}$/)
    await server.kill()
    await server.start()
    const link = await nats.link(server)
    expect(await readCluster(link, CLUSTER)).toEqual({ clusterId, partitionCount: 2 })
    expect(await join(link)).toMatchObject({ clusterId })
  })

  test('as one of ten first cores at once agrees with all the others', async () => {
    const server = await nats.server()
    const links = await Promise.all(Array.from({ length: 10 }, () => nats.link(server)))
    const joined = await Promise.all(links.map((link) => join(link)))
    expect(new Set(joined.map(({ clusterId }) => clusterId)).size).toBe(1)
  })

  test('as one of two first cores with different journals is for one of them only', async () => {
    const server = await nats.server()
    const ids = [OURS, OTHER]
    const links = await Promise.all(ids.map(() => nats.link(server)))
    const attempts = links.map((link, index) => natsRefusal(join(link, { clusterId: ids[index] })))
    const results = await Promise.all(attempts)
    expect(results.map((result) => result.split(':')[0]).sort(), results.join('; ')).toEqual([
      'cluster_foreign',
      'not refused',
    ])
  })

  test('is refused to the journal of another cluster, and the words name both', async () => {
    const link = await nats.link(await nats.server())
    await join(link, { clusterId: OURS })
    const refused = await natsRefusal(join(link, { clusterId: OTHER }))
    expect(refused).toMatch(new RegExp(`^cluster_foreign: .*${OTHER}.*${OURS}`))
  })

  test('is refused with another number of partitions, and the words name both and the way', async () => {
    const link = await nats.link(await nats.server())
    await join(link)
    expect(await natsRefusal(join(link, { partitionCount: 4 }))).toMatch(
      /^partition_count_differs: .* 2 partitions.* 4\..*holdfast replay reshard/,
    )
  })

  test('is refused to a journal that went on by itself after it had lost the partition', async () => {
    const link = await nats.link(await nats.server())
    await join(link)
    expect(await (await openRecord(link, 12)).report(100)).toBe(true)
    const branch = { journalSeq: 150, journalEpoch: 10 }
    expect(await natsRefusal(join(link, branch))).toMatch(
      /^journal_behind: .* of epoch 10, .* epoch 12/,
    )
    // Its last owner ended before its first block: nothing of another history can be missing.
    const same = await join(link, { journalSeq: 100, journalEpoch: 10 })
    expect(same.lastEpoch, 'no epoch is given twice').toBe(12)
    expect(await join(link, { journalSeq: 150, journalEpoch: 12 })).toMatchObject({ lastEpoch: 12 })
  })

  test('leaves the record of a later owner alone', async () => {
    const link = await nats.link(await nats.server())
    await join(link)
    const older = await openRecord(link, 7)
    expect(await (await openRecord(link, 9)).report(5_000)).toBe(true)
    expect(await older.report(4_000)).toBe(false)
    expect(await recorded(link)).toMatchObject({ lastSeq: 5_000, epoch: 9 })
  })

  test('is refused to a journal that lacks what was acknowledged, unless that is accepted', async () => {
    const link = await nats.link(await nats.server())
    await join(link)
    expect(await (await openRecord(link)).report(100)).toBe(true)
    expect(await natsRefusal(join(link, { journalSeq: 99 }))).toBe(
      'journal_behind: This data directory ends at seq 99 of epoch 7, but partition 0 had acknowledged seq 100 of epoch 7 (data ' +
        'directory shop-1:/srv/data): it is an older copy, or the wrong --data. Start with the right one; ' +
        '`--accept-older-journal yes` goes on with this one and gives up what it lacks.',
    )
    expect(await natsRefusal(join(link, { journalSeq: 99, acceptOlderJournal: true }))).toBe(
      'not refused',
    )
    expect(await natsRefusal(join(link, { journalSeq: 100 }))).toBe('not refused')
    expect(await natsRefusal(join(link, { journalSeq: 101 }))).toBe('not refused')
    expect(await natsRefusal(join(link, { partition: 1, journalSeq: 0 }))).toBe('not refused')
  })

  const cluster = { version: 1, clusterId: OURS, partitionCount: 2 }
  const partition = { version: 1, lastSeq: 1, epoch: 1, data: 'x' }
  test.each([
    ['cluster', 'no JSON at all'],
    ['cluster', ''],
    ['cluster', 'null'],
    ['cluster', { ...cluster, version: 2 }],
    ['cluster', { ...cluster, more: 1 }],
    ['cluster', { ...cluster, clusterId: OURS.toUpperCase() }],
    ['cluster', { ...cluster, clusterId: `${OURS}\n` }],
    ['cluster', { ...cluster, partitionCount: 0 }],
    ['cluster', { ...cluster, partitionCount: '2' }],
    ['cluster', { version: 1, clusterId: OURS }],
    ['partition.0', [partition]],
    ['partition.0', { ...partition, lastSeq: -1 }],
    ['partition.0', { ...partition, lastSeq: 1.5 }],
    ['partition.0', { ...partition, lastSeq: 2 ** 53 }],
    ['partition.0', { ...partition, epoch: 0 }],
    ['partition.0', { ...partition, data: null }],
  ])('is refused when the entry %s is damaged: %j', async (key, entry) => {
    const link = await nats.link(await nats.server())
    await join(link, { clusterId: OURS })
    const text = typeof entry === 'string' ? entry : JSON.stringify(entry)
    await (await openBucket(link)).put(key, text)
    const words = `registry_damaged: The key ${key} of the bucket ${BUCKET} `
    expect((await natsRefusal(join(link))).slice(0, words.length)).toBe(words)
    if (key !== 'cluster') return
    expect((await natsRefusal(readCluster(link, CLUSTER))).slice(0, words.length)).toBe(words)
  })

  test('a damaged entry of a megabyte is shown in part only', async () => {
    const link = await nats.link(await nats.server())
    await join(link)
    await (await openBucket(link)).put('cluster', randomBytes(300_000).toString('hex'))
    expect((await natsRefusal(join(link))).length).toBeLessThan(1_000)
  })

  test('without JetStream says how to enable it', async () => {
    const link = await nats.link(await nats.server('jetstream: disabled'))
    expect(await natsRefusal(join(link))).toMatch(/^jetstream_missing: .*--jetstream/)
    expect(await natsRefusal(readCluster(link, CLUSTER))).toMatch(/^jetstream_missing: /)
  })
})

describe("a partition's record", () => {
  test('says how far the partition is, and never falls back within a process', async () => {
    const link = await nats.link(await nats.server())
    const record = await openRecord(link)
    expect(await record.report(0)).toBe(true)
    expect(await recorded(link)).toEqual({
      version: 1,
      lastSeq: 0,
      epoch: 7,
      data: 'shop-1:/srv/data',
    })
    await Promise.all([5, 9, 3, 8].map((seq) => record.report(seq)))
    expect(await recorded(link)).toMatchObject({ lastSeq: 9 })
    await record.report(6)
    expect(await recorded(link)).toMatchObject({ lastSeq: 9 })
  })

  test('of a later process says where that one begins', async () => {
    const link = await nats.link(await nats.server())
    await (await openRecord(link)).report(100)
    await (await openRecord(link, 8)).report(60)
    expect(await recorded(link)).toMatchObject({ lastSeq: 60, epoch: 8 })
  })

  test('is one write at a time, of the newest, however often it is told', async () => {
    const link = await nats.link(await nats.server())
    const record = await openRecord(link)
    const reports = Array.from({ length: 1_000 }, (_, index) => record.report(index + 1))
    expect(await Promise.all(reports)).not.toContain(false)
    const entry = await (await openBucket(link)).get('partition.0')
    expect(entry?.json()).toMatchObject({ lastSeq: 1_000 })
    expect(entry?.revision).toBeLessThanOrEqual(2)
  })

  test('cannot be told while NATS is away, which harms nothing; the next one is', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const record = await openRecord(link)
    await server.kill()
    await vi.waitFor(() => expect(link.isUp).toBe(false), WAIT)
    expect(await record.report(5)).toBe(false)
    await server.start()
    await vi.waitFor(async () => expect(await record.report(4)).toBe(true), WAIT)
    expect(await recorded(link)).toMatchObject({ lastSeq: 5 })
  })
})
