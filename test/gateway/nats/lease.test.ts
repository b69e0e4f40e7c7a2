// Held leases on real nats-servers: a holder knows when it is none any more.
import { describe, expect, test, vi } from 'vitest'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import {
  HandClock,
  leaseEntry,
  natsRefusal,
  openLeaseBucketRaw,
  testLeases,
  untilSent,
  WAIT,
  type WatchedLease,
} from '../../fixtures/leases.ts'
import { testNats } from '../../fixtures/nats.ts'

const nats = testNats()
const acquire = testLeases()

/** The shortest that settings allow, for tests in which a lease ends by itself. */
const SHORT = { leaseMs: 1_000 }

/** Tries until it is granted; `before` is asked right before every attempt, and its last answer returned. */
async function acquireWhenFree<Seen>(
  link: NatsLink,
  before: () => Seen,
): Promise<[WatchedLease, Seen]> {
  return vi.waitFor(async () => {
    const seen = before()
    return [await acquire(link, SHORT), seen] as [WatchedLease, Seen]
  }, WAIT)
}

describe('a lease', () => {
  test('is kept past several of its lengths, and nobody else gets it', async () => {
    const server = await nats.server()
    const options = { leaseMs: 1_500 }
    const holder = await acquire(await nats.link(server), options)
    const link = await nats.link(server)
    while (holder.renewals < 8) {
      expect(holder.lease.isValid()).toBe(true)
      expect(await natsRefusal(acquire(link, options))).toMatch(/^lease_held: /)
    }
    expect(holder.lost).toEqual([])
  })

  test('renews three times in its length and no more often', async () => {
    const link = await nats.link(await nats.server())
    const clock = new HandClock()
    const { lease, ...holder } = await acquire(link, { monotonicNow: clock.now, leaseMs: 3_000 })
    const bucket = await openLeaseBucketRaw(link)
    await clock.untilLookedAt(6)
    expect((await bucket.get('p.0'))?.revision).toBe(lease.epoch)
    clock.ms += 1_000
    await vi.waitFor(async () => {
      expect((await bucket.get('p.0'))?.revision).toBe(lease.epoch + 1)
    }, WAIT)
    await vi.waitFor(() => expect(lease.validUntil).toBe(clock.ms + 2_400), WAIT)
    await clock.untilLookedAt(6)
    expect((await bucket.get('p.0'))?.revision).toBe(lease.epoch + 1)
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

  test('counts from the sending of a renewal, however late the answer', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const clock = new HandClock()
    const holder = await acquire(link, { monotonicNow: clock.now, leaseMs: 10_000 })
    server.process?.kill('SIGSTOP')
    const sent = link.connection.stats().outMsgs
    clock.ms += 4_000
    const sentAt = clock.ms
    await untilSent(link, sent + 1)
    clock.ms += 3_000
    server.process?.kill('SIGCONT')
    await vi.waitFor(() => expect(holder.renewals).toBeGreaterThan(0), WAIT)
    expect(holder.lease.validUntil).toBe(sentAt + 8_000)
    expect(holder.lost).toEqual([])
  })

  test('does not come back when its renewal is answered after its end', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const clock = new HandClock()
    const holder = await acquire(link, { monotonicNow: clock.now, leaseMs: 10_000 })
    server.process?.kill('SIGSTOP')
    const sent = link.connection.stats().outMsgs
    clock.ms += 4_000
    await untilSent(link, sent + 1)
    clock.ms += 4_000
    expect(holder.lease.isValid()).toBe(false)
    server.process?.kill('SIGCONT')
    await vi.waitFor(() => expect(holder.lost).toHaveLength(1), WAIT)
    await link.connection.flush()
    expect(holder.lease.isValid()).toBe(false)
    expect(holder.renewals).toBe(0)
  })

  test('goes on from a renewal whose answer was lost', async () => {
    const link = await nats.link(await nats.server())
    const holder = await acquire(link)
    const bucket = await openLeaseBucketRaw(link)
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
    server.process?.kill('SIGSTOP')
    const sent = link.connection.stats().outMsgs
    clock.ms += 2_000
    const { validUntil } = holder.lease
    // The second is sent when the first was given up.
    await untilSent(link, sent + 2)
    server.process?.kill('SIGCONT')
    await vi.waitFor(() => expect(holder.renewals).toBe(1), WAIT)
    expect(holder.lost).toEqual([])
    expect(holder.lease.validUntil).toBeGreaterThan(validUntil)
  })

  test('that was stolen is lost, once, and its former holder takes nothing back', async () => {
    const link = await nats.link(await nats.server())
    const holder = await acquire(link)
    const bucket = await openLeaseBucketRaw(link)
    await bucket.put('p.0', leaseEntry('thief'))
    await vi.waitFor(() => expect(holder.lost).toHaveLength(1), WAIT)
    expect(holder.lost[0]).toMatch(/taken by process 4712 on host shop-2 with .* \/mnt\/data$/)
    expect(holder.lease.isValid()).toBe(false)
    await holder.lease.release()
    expect((await bucket.get('p.0'))?.string()).toBe(leaseEntry('thief'))
    expect(holder.lost).toHaveLength(1)
  })

  test('whose entry was deleted is lost', async () => {
    const link = await nats.link(await nats.server())
    const holder = await acquire(link)
    await (await openLeaseBucketRaw(link)).delete('p.0')
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
    expect(await natsRefusal(acquire(link, { leaseMs: 10_000 }))).toMatch(/^lease_held: /)
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
    const bucket = await openLeaseBucketRaw(link)
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
    const bucket = await openLeaseBucketRaw(link)
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
    server.process?.kill('SIGSTOP')
    const sent = link.connection.stats().outMsgs
    clock.ms += 4_000
    await untilSent(link, sent + 1)
    const released = first.lease.release()
    server.process?.kill('SIGCONT')
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
