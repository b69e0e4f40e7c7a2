// The partition in its host: turns and group commit, bounds, expiry of idle holds, drain, and fail stop.
import { describe, expect, test } from 'vitest'
import { ANSWERS_MAX, INBOX_MAX } from '../../core/limits.ts'
import { EmbeddedPartition } from '../../gateway/embedded-partition.ts'
import { QUEUE_DELAY_MS_MAX } from '../../gateway/lane.ts'
import type { Answer } from '../../gateway/partition-port.ts'
import { Partitions } from '../../gateway/partitions.ts'
import { JournalError } from '../../journal/errors.ts'
import type { Journal } from '../../journal/journal.ts'
import { confirm, open, readSku, reserve } from '../fixtures/commands.ts'
import { expectProblem } from '../fixtures/problem.ts'
import { type Reply, testApps } from '../fixtures/test-app.ts'
import { TestPartition } from '../fixtures/test-partition.ts'

const start = testApps()

/** Whether a promise has settled by now, after everything that could happen at once has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  promise.then(
    () => (settled = true),
    () => (settled = true),
  )
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  return settled
}

const codeOf = (answer: Answer | undefined) =>
  answer?.kind === 'fault' || answer?.kind === 'refusal' ? answer.code : answer?.kind

describe('an answer', () => {
  test('waits until its event is durable', async () => {
    const app = await start()
    await app.open(10)
    app.journal.hold()
    const reply = app.reserve('k1')
    expect(await isSettled(reply)).toBe(false)
    expect(app.state.lastSeq, 'it is decided').toBe(2)
    app.journal.letGo()
    expect((await reply).status).toBe(201)
  })

  test('that is a refusal or a read waits until what it saw is durable', async () => {
    const app = await start()
    await app.open(1)
    app.journal.hold()
    const first = app.reserve('k1')
    expect(await isSettled(first)).toBe(false)
    const order: string[] = []
    const refusal = app.reserve('k2').then((reply) => order.push(`refused ${reply.body.code}`))
    const read = app.get('/v1/skus/shoe').then(({ body }) => order.push(`read ${body.available}`))
    expect(await isSettled(Promise.race([refusal, read]))).toBe(false)
    app.journal.letGo()
    await Promise.all([first, refusal, read])
    expect(order.sort()).toEqual(['read 0', 'refused sold_out'])
  })

  test('that saw nothing new leaves at once, though the disk is busy with nothing of its own', async () => {
    const app = await start()
    await app.open(1)
    const blocks = app.disk.blocks.length
    expect((await app.get('/v1/skus/shoe')).status).toBe(200)
    expect((await app.reserve('k1', 5)).status).toBe(409)
    expect(app.disk.blocks).toHaveLength(blocks)
  })

  test('shares its commit with the others of its turn, and with those that came during the commit', async () => {
    const app = await start()
    await app.open(1_000)
    const before = app.disk.blocks.length
    app.journal.hold()
    const first = app.partitions.askAll(Array.from({ length: 10 }, (_, n) => reserve(`a${n}`)))
    expect(await isSettled(first)).toBe(false)
    const second = app.partitions.askAll(Array.from({ length: 300 }, (_, n) => reserve(`b${n}`)))
    expect(await isSettled(second)).toBe(false)
    app.journal.letGo()
    await Promise.all([first, second])
    expect(app.disk.blocks.length - before).toBe(2)
  })
})

describe('a hold', () => {
  test('of a SKU that nobody asks for expires by itself', async () => {
    const app = await start()
    await app.open(10)
    await app.held('k1', 3)
    const before = app.state.lastSeq
    app.now += 900_000
    await expect.poll(() => app.partition.durableSeq).toBe(before + 1)
    expect(app.state.due.count).toBe(0)
    expect(await app.units()).toEqual([10, 0, 0])
  })

  test('row 37: lasts its time by the clock of the journal, whatever the wall clock does', async () => {
    const app = await start()
    await app.open(10)
    const { expiresAt } = (await app.reserve('k1')).body
    app.now -= 3_600_000
    const second = await app.reserve('k2')
    expect(second.body.expiresAt, 'an hour back: time stands still').toBe(expiresAt)
    const id = String(second.body.id)
    expect((await app.get(`/v1/reservations/${id}`)).body.state).toBe('held')
    app.now += 3_600_000 + 899_999
    expect((await app.get(`/v1/reservations/${id}`)).body.state).toBe('held')
    app.now += 3_600_000
    expect((await app.get(`/v1/reservations/${id}`)).body.state).toBe('expired')
    app.now -= 7_200_000
    expect((await app.get(`/v1/reservations/${id}`)).body.state, 'and stays so').toBe('expired')
    await app.held('k3')
    let last = 0
    for await (const { events } of app.disk.read(0)) {
      for (const { at } of events) {
        expect(at, 'time in the journal never falls').toBeGreaterThanOrEqual(last)
        last = at
      }
    }
  })

  test('row 66: opens and closes with the sale at one instant of the journal', async () => {
    const app = await start()
    const opensAt = app.now + 1_000
    const closesAt = app.now + 2_000
    await app.open(10, { opensAt, closesAt })
    const at = async (now: number, key: string) => {
      app.now = now
      return (await app.reserve(key)).body.code ?? 'reserved'
    }
    expect(await at(opensAt - 1, 'k1')).toBe('sale_not_open')
    expect(await at(opensAt, 'k2')).toBe('reserved')
    expect(await at(opensAt - 500, 'k3'), 'the clock fell back, the sale did not').toBe('reserved')
    expect(await at(closesAt - 1, 'k4')).toBe('reserved')
    expect(await at(closesAt, 'k5')).toBe('sale_closed')
    expect(await at(closesAt - 1, 'k6')).toBe('sale_closed')
  })
})

describe('the inbox', () => {
  type App = Awaited<ReturnType<typeof start>>

  /** Has reads wait, half an inbox in a turn. */
  async function wait(app: App, count: number): Promise<Promise<readonly Answer[]>[]> {
    const waiting: Promise<readonly Answer[]>[] = []
    for (let left = count; left > 0; left -= INBOX_MAX / 2) {
      const reads = Array.from({ length: Math.min(left, INBOX_MAX / 2) }, () => readSku())
      const answers = app.partitions.askAll(reads)
      expect(await isSettled(answers)).toBe(false)
      waiting.push(answers)
    }
    return waiting
  }

  /** Has commands wait for the disk: first as answers, then, when there is no room for more of them, in the inbox. */
  async function fill(app: App, share: number) {
    app.journal.hold()
    const first = app.reserve('k1')
    expect(await isSettled(first)).toBe(false)
    const waiting = await wait(app, ANSWERS_MAX - 1 + INBOX_MAX * share)
    return { first, all: async () => (await Promise.all(waiting)).flat() }
  }

  test('row 41: answers busy when it is full, and the rest as usual', async () => {
    const app = await start()
    await app.open(1)
    const { first, all } = await fill(app, 7 / 8)
    const before = app.hash
    expectProblem(await app.reserve('k2'), 'busy')
    expectProblem(await app.get('/v1/skus/shoe'), 'busy')
    expect(app.hash).toBe(before)
    app.journal.letGo()
    expect((await first).status).toBe(201)
    expect((await all()).every(({ kind }) => kind === 'sku')).toBe(true)
    expect((await app.reserve('k1')).status, 'it takes commands again').toBe(200)
  })

  test('keeps room for what settles holds when reads and reservations have filled theirs', async () => {
    const app = await start()
    await app.open(10)
    const id = await app.held('paid')
    const { first, all } = await fill(app, 7 / 8)
    expectProblem(await app.reserve('k2'), 'busy')
    const confirmed = app.post(`/v1/reservations/${id}/confirm`)
    const cancelled = app.post(`/v1/reservations/${id}/cancel`)
    expect(await isSettled(Promise.race([confirmed, cancelled])), 'both wait').toBe(false)
    app.journal.letGo()
    expect((await confirmed).status).toBe(200)
    expectProblem(await cancelled, 'already_confirmed')
    expect((await first).status).toBe(201)
    await all()
  })

  test('that stays behind for longer than its target takes no new reservations, but all else', async () => {
    const app = await start()
    await app.open(10)
    const { first, all } = await fill(app, 1 / 8)
    app.monotonicMs += QUEUE_DELAY_MS_MAX
    const inTime = app.reserve('k2')
    expect(await isSettled(inTime), 'it is not late yet').toBe(false)
    app.monotonicMs += 1
    expectProblem(await app.reserve('k3'), 'busy')
    const read = app.get('/v1/skus/shoe')
    expect(await isSettled(read), 'a read waits').toBe(false)
    app.journal.letGo()
    expect((await read).status).toBe(200)
    expect([(await first).status, (await inTime).status]).toEqual([201, 201])
    await all()
    expect((await app.reserve('k4')).status, 'and takes them again').toBe(201)
  })
})

describe('a disk that is low', () => {
  test('row 49: takes no new holds or SKUs, and lets buyers who hold pay', async () => {
    const app = await start()
    await app.open(10)
    const [kept, paid, lost, moved] = await Promise.all(
      ['a', 'b', 'c', 'd'].map((key) => app.held(key)),
    )
    app.isDiskLow = true
    const before = app.hash
    expectProblem(await app.reserve('e'), 'disk_low')
    expectProblem(await app.reserve(undefined), 'disk_low')
    expectProblem(await app.put('/v1/skus/hat', { stock: 1 }), 'disk_low')
    expect(app.hash).toBe(before)
    const statuses: number[] = []
    const note = async (reply: Promise<Reply>) => statuses.push((await reply).status)
    await note(app.get(`/v1/reservations/${kept}`))
    await note(app.post(`/v1/reservations/${paid}/confirm`))
    await note(app.post(`/v1/reservations/${lost}/cancel`))
    await note(app.post(`/v1/reservations/${moved}/extend`, { holdMs: 1_000_000 }))
    await note(app.post(`/v1/reservations/${paid}/return`))
    await note(app.get('/v1/skus/shoe'))
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200])
    app.isDiskLow = false
    expect((await app.reserve('e')).status).toBe(201)
  })
})

describe('a drain', () => {
  test('answers what was taken, then takes nothing more', async () => {
    const app = await start()
    await app.open(10)
    app.journal.hold()
    const taken = app.reserve('k1')
    expect(await isSettled(taken)).toBe(false)
    const drained = app.selling.drain()
    expectProblem(await app.reserve('k2'), 'draining')
    expectProblem(await app.get('/v1/skus/shoe'), 'draining')
    expect(await isSettled(drained), 'it waits for the disk').toBe(false)
    app.journal.letGo()
    expect((await taken).status).toBe(201)
    await drained
    expect(app.partition.durableSeq).toBe(2)
  })

  test('of an idle partition is done at once', async () => {
    const app = await start()
    await app.selling.drain()
    expect(app.selling.unreadyReasons()).toEqual(['draining'])
  })
})

describe('a commit that goes wrong', () => {
  test.each([
    ['fails', 'fail', 'commit_failed'],
    ['is refused', 'refuse', 'commit_refused'],
    ['tears', 'tear', 'commit_failed'],
  ] as const)(
    'row 48: that %s: everything it held is unknown, and nothing goes on',
    async (_, fault, code) => {
      const app = await start()
      await app.open(10)
      await app.held('before')
      const blocks = app.disk.blocks.length
      app.journal.failNext(fault)
      app.journal.hold()
      const first = app.reserve('k1')
      expect(await isSettled(first)).toBe(false)
      const decided = [first, app.get('/v1/skus/shoe'), app.reserve('k2', 100)]
      expect(await isSettled(Promise.race(decided))).toBe(false)
      const later = app.reserve('k3')
      expect(await isSettled(later)).toBe(false)
      app.journal.letGo()
      for (const reply of await Promise.all([...decided, later])) {
        expectProblem(reply, 'outcome_unknown')
      }
      expect(app.faults).toMatchObject([{ code }])
      expectProblem(await app.reserve('k4'), 'partition_unavailable')
      expectProblem(await app.get('/v1/skus/shoe'), 'partition_unavailable')
      const ready = await app.get('/readyz')
      expect([ready.status, ready.body.reasons]).toEqual([503, ['journal_failed']])
      // A torn block lies behind the end: it is told apart from damage by who reads it, not here.
      if (fault === 'tear') app.disk.blocks.pop()
      expect(app.disk.blocks).toHaveLength(blocks)
      expect(app.faults, 'the host is told once').toHaveLength(1)
    },
  )

  test('row 48: that never returns keeps every answer back until its deadline ends it', async () => {
    const host = new TestPartition()
    let giveUp = (_: JournalError): void => undefined
    const journal: Pick<Journal, 'append'> = {
      append: () =>
        new Promise<void>((_, reject) => {
          giveUp = reject
        }),
    }
    const faults: unknown[] = []
    const selling = new EmbeddedPartition({
      partition: host.partition,
      journal: journal as Journal,
      now: () => host.now,
      isDiskLow: () => false,
      onFault: (fault) => faults.push(fault),
    })
    const partitions = new Partitions()
    partitions.put([selling])
    const answers = Promise.all([partitions.ask(open(5)), partitions.ask(reserve('k1'))])
    expect(await isSettled(answers)).toBe(false)
    const late = partitions.ask(confirm('k1'))
    expect(await isSettled(late)).toBe(false)
    giveUp(new JournalError('commit_timeout', 'did not return within 10000 ms'))
    expect((await answers).map(codeOf)).toEqual(['outcome_unknown', 'outcome_unknown'])
    expect(codeOf(await late)).toBe('outcome_unknown')
    expect(faults).toMatchObject([{ code: 'commit_timeout' }])
    expect(codeOf(await partitions.ask(readSku()))).toBe('partition_unavailable')
    expect(codeOf((await partitions.askAll([readSku()]))[0])).toBe('partition_unavailable')
  })

  test('row 48: during a drain ends the drain', async () => {
    const app = await start()
    await app.open(10)
    app.journal.failNext('fail')
    app.journal.hold()
    const reply = app.reserve('k1')
    expect(await isSettled(reply)).toBe(false)
    const drained = app.selling.drain()
    app.journal.letGo()
    expectProblem(await reply, 'outcome_unknown')
    await drained
    expect(app.faults).toHaveLength(1)
  })
})
