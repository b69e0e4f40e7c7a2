// Deadlines and traces of single commands on their way to an owner, over a real nats-server.
import { describe, expect, test } from 'vitest'
import type { Command } from '../../../core/command.ts'
import { NO_ROW } from '../../../core/hash-index.ts'
import type { CallTerms } from '../../../gateway/call-terms.ts'
import { CallTiming } from '../../../gateway/call-timing.ts'
import { readAnswer } from '../../../gateway/nats/answer-codec.ts'
import type { AnswerFrame } from '../../../gateway/nats/frame.ts'
import type { TracedCommand } from '../../../gateway/nats/running-frame.ts'
import { Partitions } from '../../../gateway/partitions.ts'
import { idOf, open, readSku, reserve } from '../../fixtures/commands.ts'
import { loneGateways, rightAnswers, turn } from '../../fixtures/lone-gateway.ts'
import { answersOf, ask, NotedTicket } from '../../fixtures/noted-ticket.ts'
import { remoteShops } from '../../fixtures/remote-shop.ts'
import { scriptedOwner } from '../../fixtures/scripted-owner.ts'
import { Stranger } from '../../fixtures/stranger.ts'

const start = remoteShops()
const gateway = loneGateways()
const DEADLINE = { timeout: 20_000 }
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const fault = (code: string) => ({ kind: 'fault', code })

const terms = (given: Partial<CallTerms>): CallTerms => {
  return { dueAt: undefined, traceparent: undefined, timing: undefined, ...given }
}

async function meet() {
  const traced: TracedCommand[] = []
  const far = await start({ owner: { onTraced: (one) => traced.push(one) } })
  await ask(far.remote, open(1_000))
  return { ...far, traced, stranger: await Stranger.meet(far) }
}

function answersIn(answer: AnswerFrame | 'version' | undefined, commands: readonly Command[]) {
  if (typeof answer !== 'object' || typeof answer.answers === 'string') throw new Error('refused')
  return answer.answers.map((one, index) => readAnswer(one, commands[index] as Command))
}

describe('an owner', () => {
  test('drops the command whose own time is over, and executes the others of its frame', async () => {
    const { stranger, shop } = await meet()
    const commands = [reserve('a'), reserve('late'), reserve('b'), reserve('late too'), readSku()]
    const notes = [
      { index: 1, dueInMs: 0, traceparent: null },
      { index: 2, dueInMs: 50_000, traceparent: null },
      { index: 3, dueInMs: 0, traceparent: TRACEPARENT },
    ]
    const answer = await stranger.ask(stranger.frame(commands, { notes }))
    expect(answersIn(answer, commands)).toMatchObject([
      { kind: 'reservation' },
      fault('busy'),
      { kind: 'reservation' },
      fault('busy'),
      { kind: 'sku', available: 998 },
    ])
    expect(shop.state.rowOf(idOf('late'))).toBe(NO_ROW)
  })

  test("holds a command's own deadline against the age of its frame", async () => {
    const { stranger } = await meet()
    const fresh = 10_000_000
    await stranger.ask(stranger.frame([readSku()], { sentAtMs: fresh }))
    const commands = [reserve('late'), reserve('in time')]
    const notes = [
      { index: 0, dueInMs: 4_000, traceparent: null },
      { index: 1, dueInMs: 50_000, traceparent: null },
    ]
    const old = stranger.frame(commands, { notes, sentAtMs: fresh - 5_000 })
    expect(answersIn(await stranger.ask(old), commands)).toMatchObject([
      fault('busy'),
      { kind: 'reservation' },
    ])
  })

  test('never lets a note make the time of its frame longer', async () => {
    const { stranger } = await meet()
    const notes = [{ index: 0, dueInMs: 60_000, traceparent: null }]
    const frame = stranger.frame([reserve('late')], { notes, dueInMs: 0 })
    expect(await stranger.ask(frame)).toMatchObject({ answers: 'overdue' })
  })

  test('refuses a frame with a bad note whole, however good its commands are', async () => {
    const { stranger, shop, far } = await meet()
    const before = shop.hash
    const bad = [
      { index: 5, dueInMs: 1, traceparent: null },
      { index: 0, dueInMs: 60_001, traceparent: null },
      { index: 0, dueInMs: null, traceparent: 'nonsense' },
      { index: 0, dueInMs: null, traceparent: null },
    ]
    for (const note of bad) {
      const frame = stranger.frame([reserve('a'), reserve('b')], { notes: [note] })
      expect(await stranger.ask(frame)).toMatchObject({ answers: 'malformed' })
    }
    expect(shop.hash).toBe(before)
    expect(far.told.poison).toEqual(bad.map(() => 'malformed'))
  })

  test('tells of each command that belongs to a trace, once, and of no other', async () => {
    const { remote, traced } = await meet()
    const partitions = new Partitions()
    partitions.put([remote])
    const all = partitions.askAll(
      [reserve('a'), reserve('b', 5_000)],
      terms({ traceparent: TRACEPARENT }),
    )
    await Promise.all([all, partitions.ask(reserve('c'))])
    expect(traced).toMatchObject([
      { traceparent: TRACEPARENT, command: reserve('a'), answer: { kind: 'reservation' } },
      { traceparent: TRACEPARENT, command: reserve('b', 5_000), answer: { code: 'sold_out' } },
    ])
  })

  test('says how long a frame waited for its turn and for the disk', async () => {
    const { remote, shop } = await meet()
    const partitions = new Partitions()
    partitions.put([remote])
    const timing = new CallTiming()
    shop.journal.hold()
    const asked = partitions.ask(reserve('a'), terms({ timing }))
    await expect.poll(() => shop.partition.answersLength, DEADLINE).toBe(1)
    const decidedAt = performance.now()
    await expect.poll(() => performance.now() - decidedAt, DEADLINE).toBeGreaterThan(30)
    shop.journal.letGo()
    await asked
    expect(timing.owner?.journalMs).toBeGreaterThanOrEqual(30)
    expect(timing.owner?.queueMs).toBeGreaterThanOrEqual(0)
    expect(timing.owner?.actorMs).toBeGreaterThan(0)
  })
})

describe('a gateway', () => {
  test('notes what callers ask for, and nothing on the others', async () => {
    const { remote, cluster, ownerLink } = await gateway({ deadlineMs: 60_000 })
    const seen = await scriptedOwner(ownerLink, cluster, (frame) =>
      frame.reply(rightAnswers(frame)),
    )
    const partitions = new Partitions()
    partitions.put([remote])
    const dueAt = performance.now() + 30_000
    await Promise.all([
      partitions.ask(readSku()),
      partitions.ask(readSku(), terms({ dueAt })),
      partitions.ask(readSku(), terms({ timing: new CallTiming() })),
      partitions.ask(readSku(), terms({ dueAt, traceparent: TRACEPARENT })),
      partitions.ask(readSku(), terms({ traceparent: TRACEPARENT })),
    ])
    const [{ frame } = { frame: undefined }] = seen
    const left = frame?.notes[0]?.dueInMs ?? 0
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(30_000)
    expect(frame?.notes).toEqual([
      { index: 1, dueInMs: left, traceparent: null },
      { index: 3, dueInMs: left, traceparent: TRACEPARENT },
      { index: 4, dueInMs: null, traceparent: TRACEPARENT },
    ])
  })

  test('answers at the deadline what its owner has not answered, and drops what comes later', async () => {
    const { remote, cluster, ownerLink, told } = await gateway({ deadlineMs: 60_000 })
    const seen = await scriptedOwner(ownerLink, cluster)
    const partitions = new Partitions()
    partitions.put([remote])
    const [due, patient] = [new NotedTicket(), new NotedTicket()]
    partitions.submit(reserve('due'), due, terms({ dueAt: performance.now() + 400 }))
    partitions.submit(readSku(), patient)
    await turn()
    expect(await answersOf([due])).toEqual([fault('outcome_unknown')])
    expect(patient.answers).toEqual([])
    await expect.poll(() => seen.length, DEADLINE).toBeGreaterThan(0)
    const refusal = [7, 'busy']
    for (const frame of seen) frame.reply([refusal, rightAnswers(frame)[1] ?? null])
    expect(await answersOf([due, patient])).toMatchObject([
      fault('outcome_unknown'),
      { kind: 'sku' },
    ])
    expect(told.troubles).toEqual([])
  })
})
