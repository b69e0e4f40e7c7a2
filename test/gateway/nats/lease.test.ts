// Leases on real nats-servers: one owner at a time, and a holder that knows when it is none any more.
import { randomUUID } from 'node:crypto'
import { jetstream } from '@nats-io/jetstream'
import { type KV, Kvm } from '@nats-io/kv'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import type { NatsFault } from '../../../gateway/nats/errors.ts'
import { acquireLease, type Lease, type LeaseOptions } from '../../../gateway/nats/lease.ts'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import { testNats } from '../../fixtures/nats.ts'

/** The shortest that settings allow, for tests in which a lease ends by itself. */
const SHORT = { leaseMs: 1_000 }
const WAIT = { timeout: 20_000, interval: 5 }
const CLUSTER = 'lease-test'
const BUCKET = `holdfast_${CLUSTER}_leases`

const nats = testNats()
const leases: Lease[] = []
afterEach(async () => {
  await Promise.all(leases.splice(0).map((lease) => lease.release()))
})

interface Watched {
  readonly lease: Lease
  readonly instance: string
  readonly lost: string[]
  renewals: number
}

/** Acquires, and keeps what the lease tells. */
async function acquire(link: NatsLink, more: Partial<LeaseOptions> = {}): Promise<Watched> {
  const instance = more.holder?.instance ?? randomUUID()
  const told = { instance, lost: [] as string[], renewals: 0 }
  const lease = await acquireLease({
    link,
    cluster: CLUSTER,
    partition: 0,
    leaseMs: 3_000,
    holder: { instance, host: 'shop-1', pid: 4711, data: '/srv/data' },
    onLost: (reason) => told.lost.push(reason),
    onRenewed: () => {
      told.renewals += 1
    },
    ...more,
  })
  leases.push(lease)
  return Object.assign(told, { lease })
}

/** The fault with which it is refused, as `code: message`. */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  const fault = await attempt.then(
    () => undefined,
    (error: NatsFault) => error,
  )
  return fault === undefined ? 'not refused' : `${fault.code ?? fault.name}: ${fault.message}`
}

/** Tries until it is granted; `before` is asked right before every attempt, and its last answer returned. */
async function acquireWhenFree<Seen>(link: NatsLink, before: () => Seen): Promise<[Watched, Seen]> {
  return vi.waitFor(async () => {
    const seen = before()
    return [await acquire(link, SHORT), seen] as [Watched, Seen]
  }, WAIT)
}

const openBucket = (link: NatsLink): Promise<KV> =>
  new Kvm(jetstream(link.connection)).open(BUCKET, { allow_direct: false })

const entryOf = (instance: string): string =>
  JSON.stringify({ version: 1, instance, host: 'shop-2', pid: 4712, data: '/mnt/data' })

/** A clock that moves only when it is told to, and counts how often it is looked at. */
class HandClock {
  ms = 5_000
  looks = 0
  readonly now = (): number => {
    this.looks += 1
    return this.ms
  }

  /** Long enough for several ticks. */
  async untilLookedAt(times: number): Promise<void> {
    const looks = this.looks + times
    await vi.waitFor(() => expect(this.looks).toBeGreaterThanOrEqual(looks), WAIT)
  }
}

const untilSent = (link: NatsLink, messages: number): Promise<void> =>
  vi.waitFor(() => expect(link.connection.stats().outMsgs).toBe(messages), WAIT)

const pause = (server: NatsServer): unknown => server.process?.kill('SIGSTOP')
const resume = (server: NatsServer): unknown => server.process?.kill('SIGCONT')

describe('acquiring a lease', () => {
  test('is refused while another holds it, in words that say who and for how long', async () => {
    const link = await nats.link(await nats.server())
    const { lease } = await acquire(link)
    expect(lease.isValid()).toBe(true)
    expect(await refusal(acquire(link))).toBe(
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
    expect(await refusal(acquire(link, { holder }))).toMatch(/^lease_held: /)
  })

  test('is granted to exactly one of ten who try at once', async () => {
    const server = await nats.server()
    const links = await Promise.all(Array.from({ length: 10 }, () => nats.link(server)))
    const results = await Promise.all(links.map((link) => refusal(acquire(link))))
    expect(results.filter((result) => result === 'not refused')).toHaveLength(1)
    expect(results.filter((result) => result.startsWith('lease_held: '))).toHaveLength(9)
  })

  test('takes over at once from a predecessor that is known to be dead, with a higher epoch', async () => {
    const server = await nats.server()
    const first = await acquire(await nats.link(server), { leaseMs: 60_000 })
    const link = await nats.link(server)
    const options = { leaseMs: 60_000 }
    expect(await refusal(acquire(link, { ...options, predecessor: 'somebody' }))).toMatch(
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
    await (await acquire(link, options)).lease.release()
    let calls = 0
    let resumed: Promise<unknown> | undefined
    const monotonicNow = (): number => {
      // First called right before the entry is asked for: the server will take it when nobody listens any more.
      calls += 1
      if (calls === 1) {
        pause(server)
        resumed = untilSent(link, link.connection.stats().outMsgs + 2).then(() => resume(server))
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
    const refused = await refusal(acquire(link, { leaseMs: 2_000 }))
    expect(refused).toMatch(/^lease_ttl_differs: .* for 3000 ms .* set to 2000 ms/)
    expect(refused).toContain(`KV_${BUCKET} --max-age=2000ms --dupe-window=2000ms`)
  })

  test('of two lengths at once founds one bucket, and only those of its length may hold a lease', async () => {
    const server = await nats.server()
    const links = await Promise.all(Array.from({ length: 6 }, () => nats.link(server)))
    const attempts = links.map((link, partition) =>
      refusal(acquire(link, { partition, leaseMs: partition % 2 === 0 ? 1_000 : 2_000 })),
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
    expect(await refusal(acquire(link))).toMatch(/^jetstream_missing: .*--jetstream.*account/)
  })

  test('with NATS gone is refused in bounded time', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    await server.kill()
    expect(await refusal(acquire(link))).toMatch(/^nats_failed: .*open the bucket/)
  })

  test.each([
    ['no JSON', 'p.0 is mine'],
    ['a member too many', `${entryOf('x').slice(0, -1)},"more":1}`],
    ['another version', entryOf('x').replace('1', '2')],
    ['text for a number', entryOf('x').replace('4712', '"4712"')],
    ['nothing', ''],
  ])('refuses an entry that it would not write: %s', async (_, text) => {
    const link = await nats.link(await nats.server())
    await (await acquire(link)).lease.release()
    await (await openBucket(link)).put('p.0', text)
    expect(await refusal(acquire(link))).toMatch(
      new RegExp(`^registry_damaged: The key p\\.0 of the bucket ${BUCKET} `),
    )
  })
})

describe('a lease', () => {
  test('is kept past several of its lengths, and nobody else gets it', async () => {
    const server = await nats.server()
    const options = { leaseMs: 1_500 }
    const holder = await acquire(await nats.link(server), options)
    const link = await nats.link(server)
    while (holder.renewals < 8) {
      expect(holder.lease.isValid()).toBe(true)
      expect(await refusal(acquire(link, options))).toMatch(/^lease_held: /)
    }
    expect(holder.lost).toEqual([])
  })

  test('renews three times in its length and no more often', async () => {
    const link = await nats.link(await nats.server())
    const clock = new HandClock()
    const { lease, ...holder } = await acquire(link, { monotonicNow: clock.now, leaseMs: 3_000 })
    const bucket = await openBucket(link)
    await clock.untilLookedAt(6)
    expect((await bucket.get('p.0'))?.revision).toBe(lease.epoch)
    clock.ms += 1_000
    await vi.waitFor(async () => {
      expect((await bucket.get('p.0'))?.revision).toBe(lease.epoch + 1)
    }, WAIT)
    await vi.waitFor(() => expect(lease.validUntil).toBe(clock.ms + 2_400), WAIT)
    expect(holder.lost).toEqual([])
  })

  test('ends by the clock of its holder before a successor can have it, whose epoch is higher', async () => {
    const server = await nats.server()
    const lonely = await nats.link(server)
    const first = await acquire(lonely, SHORT)
    const { epoch } = first.lease
    await lonely.close()
    const link = await nats.link(server)
    const [second, wasValid] = await acquireWhenFree(link, () => first.lease.isValid())
    expect(wasValid).toBe(false)
    expect(second.lease.epoch).toBeGreaterThan(epoch)
    await vi.waitFor(() => expect(first.lost).toHaveLength(1), WAIT)
    expect(first.lost[0]).toMatch(/^the lease of partition 0 is lost: it was not renewed in time/)
    expect(first.lease.isValid()).toBe(false)
  })

  test('lasts as long as it says and no longer, whatever NATS does', async () => {
    const server = await nats.server()
    const clock = new HandClock()
    const holder = await acquire(await nats.link(server), {
      monotonicNow: clock.now,
      leaseMs: 10_000,
    })
    expect(holder.lease.validUntil).toBe(clock.ms + 8_000)
    await server.kill()
    clock.ms += 7_999
    expect(holder.lease.isValid()).toBe(true)
    clock.ms += 1
    expect(holder.lease.isValid()).toBe(false)
    await vi.waitFor(() => expect(holder.lost).toHaveLength(1), WAIT)
    clock.ms -= 1_000
    expect(holder.lease.isValid()).toBe(false)
  })

  test('is lost after a pause beyond its end, though NATS is well and would renew it', async () => {
    const link = await nats.link(await nats.server())
    const clock = new HandClock()
    const holder = await acquire(link, { monotonicNow: clock.now, leaseMs: 2_000 })
    clock.ms += 1_600
    expect(holder.lease.isValid()).toBe(false)
    await vi.waitFor(() => expect(holder.lost).toHaveLength(1), WAIT)
    expect(holder.renewals).toBe(0)
    await holder.lease.release()
    expect(holder.lost).toHaveLength(1)
  })

  test('does not come back when its renewal is answered after its end', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const clock = new HandClock()
    const holder = await acquire(link, { monotonicNow: clock.now, leaseMs: 10_000 })
    pause(server)
    const sent = link.connection.stats().outMsgs
    clock.ms += 4_000
    await untilSent(link, sent + 1)
    clock.ms += 4_000
    expect(holder.lease.isValid()).toBe(false)
    resume(server)
    await vi.waitFor(() => expect(holder.lost).toHaveLength(1), WAIT)
    await link.connection.flush()
    expect(holder.lease.isValid()).toBe(false)
    expect(holder.renewals).toBe(0)
  })

  test('goes on from a renewal whose answer was lost', async () => {
    const link = await nats.link(await nats.server())
    const holder = await acquire(link)
    const bucket = await openBucket(link)
    const own = (await bucket.get('p.0'))?.string() ?? ''
    const revision = await bucket.put('p.0', own)
    await vi.waitFor(() => expect(holder.renewals).toBeGreaterThan(1), WAIT)
    expect((await bucket.get('p.0'))?.revision).toBeGreaterThan(revision)
    expect(holder.lost).toEqual([])
  })

  test('goes on after renewals that nats-server took but answered too late', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const clock = new HandClock()
    const holder = await acquire(link, { monotonicNow: clock.now, leaseMs: 5_000 })
    pause(server)
    const sent = link.connection.stats().outMsgs
    clock.ms += 2_000
    const { validUntil } = holder.lease
    // The second is sent when the first was given up.
    await untilSent(link, sent + 2)
    resume(server)
    await vi.waitFor(() => expect(holder.renewals).toBe(1), WAIT)
    expect(holder.lost).toEqual([])
    expect(holder.lease.validUntil).toBeGreaterThan(validUntil)
  })

  test('that was stolen is lost, once, and its former holder takes nothing back', async () => {
    const link = await nats.link(await nats.server())
    const holder = await acquire(link)
    const bucket = await openBucket(link)
    await bucket.put('p.0', entryOf('thief'))
    await vi.waitFor(() => expect(holder.lost).toHaveLength(1), WAIT)
    expect(holder.lost[0]).toMatch(/taken by process 4712 on host shop-2 with .* \/mnt\/data$/)
    expect(holder.lease.isValid()).toBe(false)
    await holder.lease.release()
    expect((await bucket.get('p.0'))?.string()).toBe(entryOf('thief'))
    expect(holder.lost).toHaveLength(1)
  })

  test('whose entry was deleted is lost', async () => {
    const link = await nats.link(await nats.server())
    const holder = await acquire(link)
    await (await openBucket(link)).delete('p.0')
    await vi.waitFor(() => expect(holder.lost).toHaveLength(1), WAIT)
    expect(holder.lost[0]).toMatch(/ran out or was deleted/)
  })

  test('survives kill -9 of nats-server and its restart', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const holder = await acquire(link, { leaseMs: 10_000 })
    await server.kill()
    await server.start()
    await vi.waitFor(() => expect(holder.renewals).toBeGreaterThan(0), WAIT)
    expect(holder.lost).toEqual([])
    expect(holder.lease.isValid()).toBe(true)
    expect(await refusal(acquire(link, { leaseMs: 10_000 }))).toMatch(/^lease_held: /)
  })

  test('asks nothing of NATS while the link is down', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const clock = new HandClock()
    await acquire(link, { monotonicNow: clock.now, leaseMs: 10_000 })
    await server.kill()
    await vi.waitFor(() => expect(link.isUp).toBe(false), WAIT)
    const sent = link.connection.stats().outMsgs
    clock.ms += 5_000
    await clock.untilLookedAt(9)
    expect(link.connection.stats().outMsgs).toBe(sent)
  })

  test('has a higher epoch than any before, though all ended and nats-server was killed', async () => {
    const server = await nats.server()
    const lonely = await nats.link(server)
    const { epoch } = (await acquire(lonely, SHORT)).lease
    await lonely.close()
    const link = await nats.link(server)
    const bucket = await openBucket(link)
    await vi.waitFor(async () => expect(await bucket.get('p.0')).toBeNull(), WAIT)
    await server.kill()
    await server.start()
    const [second] = await acquireWhenFree(link, () => undefined)
    expect(second.lease.epoch).toBeGreaterThan(epoch)
  })
})

describe('releasing a lease', () => {
  test('lets a successor have it at once, with a higher epoch', async () => {
    const link = await nats.link(await nats.server())
    const options = { leaseMs: 60_000 }
    const first = await acquire(link, options)
    const { epoch } = first.lease
    const released = first.lease.release()
    expect(first.lease.isValid()).toBe(false)
    await released
    await first.lease.release()
    const second = await acquire(link, options)
    expect(second.lease.epoch).toBeGreaterThan(epoch)
    expect(first.lost).toEqual([])
  })

  test('finds its entry though the answer to a renewal was lost', async () => {
    const link = await nats.link(await nats.server())
    const options = { leaseMs: 60_000 }
    const first = await acquire(link, options)
    const bucket = await openBucket(link)
    await bucket.put('p.0', (await bucket.get('p.0'))?.string() ?? '')
    await first.lease.release()
    expect((await acquire(link, options)).lease.isValid()).toBe(true)
  })

  test('while a renewal is on its way still leaves nothing behind', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const clock = new HandClock()
    const options = { leaseMs: 10_000 }
    const first = await acquire(link, { ...options, monotonicNow: clock.now })
    pause(server)
    const sent = link.connection.stats().outMsgs
    clock.ms += 4_000
    await untilSent(link, sent + 1)
    const released = first.lease.release()
    resume(server)
    await released
    expect(first.renewals).toBe(0)
    expect((await acquire(link, options)).lease.isValid()).toBe(true)
  })

  test('with NATS gone ends, and the lease with it', async () => {
    const server = await nats.server()
    const holder = await acquire(await nats.link(server))
    await server.kill()
    await holder.lease.release()
    expect(holder.lease.isValid()).toBe(false)
    expect(holder.lost).toEqual([])
  })
})
