// Acquiring a lease on real nats-servers: one owner at a time, and words for everybody else.
import { describe, expect, test } from 'vitest'
import {
  LEASE_BUCKET,
  leaseEntry,
  natsRefusal,
  openLeaseBucketRaw,
  testLeases,
  untilSent,
} from '../../fixtures/leases.ts'
import { testNats } from '../../fixtures/nats.ts'

const nats = testNats()
const acquire = testLeases()

describe('acquiring a lease', () => {
  test('is refused while another holds it, in words that say who and for how long', async () => {
    const link = await nats.link(await nats.server())
    const { lease } = await acquire(link)
    expect(lease.isValid()).toBe(true)
    expect(await natsRefusal(acquire(link))).toBe(
      'lease_held: Partition 0 is owned by process 4711 on host shop-1 with the data directory /srv/data. When ' +
        'that process stops, its lease is free at once; when it was killed or lost NATS, at most 3000 ms after its ' +
        'last renewal.',
    )
    expect((await acquire(link, { partition: 1 })).lease.isValid()).toBe(true)
    expect((await acquire(link, { cluster: 'other' })).lease.isValid()).toBe(true)
  })

  test('is refused to the same process a second time', async () => {
    const link = await nats.link(await nats.server())
    const { instance } = await acquire(link)
    const holder = { instance, host: 'shop-1', pid: 4711, data: '/srv/data' }
    expect(await natsRefusal(acquire(link, { holder }))).toMatch(/^lease_held: /)
  })

  test('is granted to exactly one of ten who try at once', async () => {
    const server = await nats.server()
    const links = await Promise.all(Array.from({ length: 10 }, () => nats.link(server)))
    const results = await Promise.all(links.map((link) => natsRefusal(acquire(link))))
    expect(results.filter((result) => result === 'not refused')).toHaveLength(1)
    expect(results.filter((result) => result.startsWith('lease_held: '))).toHaveLength(9)
  })

  test('takes over at once from a predecessor that is known to be dead, with a higher epoch', async () => {
    const server = await nats.server()
    const first = await acquire(await nats.link(server), { leaseMs: 60_000 })
    const link = await nats.link(server)
    const options = { leaseMs: 60_000 }
    expect(await natsRefusal(acquire(link, { ...options, predecessor: 'somebody' }))).toMatch(
      /^lease_h/,
    )
    const second = await acquire(link, { ...options, predecessor: first.instance })
    expect(second.lease.epoch).toBeGreaterThan(first.lease.epoch)
    expect(second.lease.isValid()).toBe(true)
  })

  test('takes its own entry when the answer to the first attempt was lost', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const options = { leaseMs: 10_000 }
    // The bucket is there, and the key never was: the first attempt will be taken.
    await acquire(link, { ...options, partition: 1 })
    let calls = 0
    let resumed: Promise<unknown> | undefined
    const monotonicNow = (): number => {
      // First called right before the entry is asked for: the server will take it when nobody listens any more.
      calls += 1
      if (calls === 1) {
        server.process?.kill('SIGSTOP')
        resumed = untilSent(link, link.connection.stats().outMsgs + 2).then(() =>
          server.process?.kill('SIGCONT'),
        )
      }
      return performance.now()
    }
    const { lease } = await acquire(link, { ...options, monotonicNow })
    await resumed
    expect(calls).toBeGreaterThan(1)
    expect(lease.isValid()).toBe(true)
  })

  test('is refused where leases last another time, and the words name both', async () => {
    const link = await nats.link(await nats.server())
    await (await acquire(link)).lease.release()
    const refused = await natsRefusal(acquire(link, { leaseMs: 2_000 }))
    expect(refused).toMatch(/^lease_ttl_differs: .* for 3000 ms .* set to 2000 ms/)
    expect(refused).toContain(`KV_${LEASE_BUCKET} --max-age=2000ms --dupe-window=2000ms`)
  })

  test('of two lengths at once founds one bucket, and only those of its length may hold a lease', async () => {
    const server = await nats.server()
    const links = await Promise.all(Array.from({ length: 6 }, () => nats.link(server)))
    const attempts = links.map((link, partition) =>
      natsRefusal(acquire(link, { partition, leaseMs: partition % 2 === 0 ? 1_000 : 2_000 })),
    )
    const results = await Promise.all(attempts)
    expect(results.filter((result) => result === 'not refused')).toHaveLength(3)
    expect(results.filter((result) => result.startsWith('lease_ttl_differs: '))).toHaveLength(3)
  })

  test.each([
    ['of the server', 'jetstream: disabled'],
    ['of the account', 'accounts { P { users: [{ user: u, password: p }] } }\nno_auth_user: u'],
  ])('without the JetStream %s says how to enable it', async (_, configuration) => {
    const link = await nats.link(await nats.server(configuration))
    expect(await natsRefusal(acquire(link))).toMatch(/^jetstream_missing: .*--jetstream.*account/)
  })

  test('with NATS gone is refused in bounded time', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    await server.kill()
    expect(await natsRefusal(acquire(link))).toMatch(/^nats_failed: .*open the bucket/)
  })

  test.each([
    ['no JSON', 'p.0 is mine'],
    ['a member too many', `${leaseEntry('x').slice(0, -1)},"more":1}`],
    ['another version', leaseEntry('x').replace('1', '2')],
    ['text for a number', leaseEntry('x').replace('4712', '"4712"')],
    ['nothing', ''],
  ])('refuses an entry that it would not write: %s', async (_, text) => {
    const link = await nats.link(await nats.server())
    await (await acquire(link)).lease.release()
    await (await openLeaseBucketRaw(link)).put('p.0', text)
    expect(await natsRefusal(acquire(link))).toMatch(
      new RegExp(`^registry_damaged: The key p\\.0 of the bucket ${LEASE_BUCKET} `),
    )
  })
})
