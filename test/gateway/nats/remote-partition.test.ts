// A gateway's port against owners that are absent, silent, replaced or wrong: one answer each, and a true one.
import { describe, expect, test } from 'vitest'
import type { Command } from '../../../core/command.ts'
import { refuse } from '../../../core/refusal.ts'
import { encodeAnswer } from '../../../gateway/nats/answer-codec.ts'
import {
  FRAME_BYTES_MAX,
  FRAME_COMMANDS_MAX,
  FRAMES_IN_FLIGHT_MAX,
} from '../../../gateway/nats/limits.ts'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import type { Answer } from '../../../gateway/partition-port.ts'
import { packr } from '../../../journal/message-pack.ts'
import { cancel, open, readSku, reserve } from '../../fixtures/commands.ts'
import { loneGateways, rightAnswers, someView, turn } from '../../fixtures/lone-gateway.ts'
import { testNats } from '../../fixtures/nats.ts'
import { answersOf, ask, submitAll } from '../../fixtures/noted-ticket.ts'
import { reach, remoteShops, type Told } from '../../fixtures/remote-shop.ts'
import { type SeenFrame, scriptedOwner } from '../../fixtures/scripted-owner.ts'
import { type Random, randomTest } from '../../fixtures/seed.ts'

const nats = testNats()
const start = remoteShops()
const gateway = loneGateways()
const DEADLINE = { timeout: 20_000 }

const refuseUnknown = refuse('unknown_sku')
const fault = (code: string) => ({ kind: 'fault', code })

describe('without an owner', () => {
  test('a command is answered partition_unavailable long before its deadline: it was not executed', async () => {
    const { remote, link, cluster, ownerLink } = await gateway({ deadlineMs: 60_000 })
    expect(await ask(remote, reserve('k'), readSku())).toEqual([
      fault('partition_unavailable'),
      fault('partition_unavailable'),
    ])
    const seen = await scriptedOwner(ownerLink, cluster, (frame) =>
      frame.reply(rightAnswers(frame)),
    )
    expect(await ask(remote, readSku())).toEqual([someView])
    expect(
      seen.map(({ frame }) => frame.commands),
      'nothing came later',
    ).toEqual([[readSku()]])
    expect(link.isUp).toBe(true)
  })
})

describe('an owner that does not answer', () => {
  test('is sent the frame again by the same name, then the outcome is unknown', async () => {
    const { remote, cluster, ownerLink } = await gateway()
    const seen = await scriptedOwner(ownerLink, cluster)
    expect(await ask(remote, reserve('k'), cancel('k'))).toEqual([
      fault('outcome_unknown'),
      fault('outcome_unknown'),
    ])
    expect(seen.length).toBeGreaterThan(1)
    const [first] = seen
    for (const { frame } of seen) {
      expect(frame.sender).toBe(first?.frame.sender)
      expect(frame.number).toBe(first?.frame.number)
      expect(frame.commands).toEqual([reserve('k'), cancel('k')])
    }
    const ends = seen.map(({ frame }) => frame.sentAtMs + frame.dueInMs)
    for (const end of ends) expect(Math.abs(end - (ends[0] ?? 0)), 'one deadline').toBeLessThan(3)
  })

  test('and answers the second attempt is believed', async () => {
    const { remote, cluster, ownerLink } = await gateway({ deadlineMs: 900 })
    await scriptedOwner(
      ownerLink,
      cluster,
      (seen, index) => index === 1 && seen.reply(rightAnswers(seen)),
    )
    expect(await ask(remote, readSku())).toEqual([someView])
  })

  test('and goes away leaves the outcome unknown: what nobody takes now may have been taken before', async () => {
    const { remote, cluster, ownerLink } = await gateway()
    await scriptedOwner(ownerLink, cluster, () => void ownerLink.connection.close())
    expect(await ask(remote, reserve('k'))).toEqual([fault('outcome_unknown')])
  })

  test.each(['busy', 'draining', 'disk_low', 'partition_unavailable'] as const)(
    'and then answers %s leaves the outcome unknown: the first attempt may have been executed',
    async (code) => {
      const { remote, cluster, ownerLink } = await gateway({ deadlineMs: 900 })
      const no = encodeAnswer({ kind: 'fault', code })
      await scriptedOwner(
        ownerLink,
        cluster,
        (seen, index) => index === 1 && seen.reply([no, encodeAnswer(someView)]),
      )
      expect(await ask(remote, reserve('k'), readSku())).toEqual([
        fault('outcome_unknown'),
        someView,
      ])
    },
  )

  test('keeps no more than its share waiting: beyond it commands are busy, at once or by their deadline', async () => {
    const { remote, cluster, ownerLink } = await gateway({ deadlineMs: 1_000 })
    const seen = await scriptedOwner(ownerLink, cluster)
    const tickets = submitAll(remote, Array<Command>(34_000).fill(readSku()))
    const refused = tickets.filter(({ answers }) => answers.length > 0)
    expect(refused.length).toBeGreaterThan(0)
    const answers = await answersOf(tickets)
    const codes = new Set(answers.map((answer) => answer.kind === 'fault' && answer.code))
    expect([...codes].sort()).toEqual(['busy', 'outcome_unknown'])
    const unknown = answers.filter((answer) => answer.kind === 'fault' && answer.code !== 'busy')
    const sent = new Map(seen.map(({ frame }) => [frame.number, frame.commands.length]))
    const sum = [...sent.values()].reduce((total, count) => total + count, 0)
    expect(unknown.length, 'unknown is what was sent, and nothing else').toBe(sum)
  })

  test('is spared new reservations while what waits for it waits too long, and nothing else', async () => {
    const { remote, cluster, ownerLink } = await gateway({ deadlineMs: 60_000 })
    let isSilent = true
    const answer = ({ frame, reply }: SeenFrame) =>
      reply(frame.commands.map(() => encodeAnswer(refuseUnknown)))
    const seen = await scriptedOwner(ownerLink, cluster, (one) => isSilent || answer(one))
    const queued = submitAll(remote, Array<Command>(17 * FRAME_COMMANDS_MAX).fill(cancel('k')))
    const inTime = submitAll(remote, [reserve('k1')])
    await expect
      .poll(() => submitAll(remote, [reserve('k2')])[0]?.answers, DEADLINE)
      .toEqual([fault('busy')])
    const others = submitAll(remote, [cancel('k'), readSku()])
    const waiting = [...queued, ...inTime, ...others]
    expect(waiting.every(({ answers }) => answers.length === 0)).toBe(true)
    await expect.poll(() => seen.length, DEADLINE).toBe(FRAMES_IN_FLIGHT_MAX)
    isSilent = false
    for (const one of seen.slice()) answer(one)
    const answers = await answersOf(waiting)
    expect(answers.every(({ kind }) => kind === 'refusal')).toBe(true)
  })

  test('does not keep a drain from ending, whatever waits behind its frames', async () => {
    const { remote, cluster, ownerLink } = await gateway()
    await scriptedOwner(ownerLink, cluster)
    const tickets = []
    // More frames than may be in flight: the last commands wait in the queue until they are overdue.
    for (let frame = 0; frame < 24; frame++) {
      tickets.push(...submitAll(remote, [readSku()]))
      await turn()
    }
    await remote.drain()
    await remote.drain()
    await answersOf(tickets)
  })
})

describe('an answer', () => {
  test('that was lost is given by the next attempt, and the command was executed once', async () => {
    const answers: boolean[] = []
    // Asked before each execution and before each answer: the first answer is kept back.
    const isOwner = () => answers.push(true) !== 4
    const { remote, shop } = await start({ owner: { isOwner }, gateway: { deadlineMs: 900 } })
    expect(await ask(remote, open(5))).toMatchObject([{ kind: 'sku', isNew: true }])
    const [answer] = await ask(remote, reserve('k'))
    expect(answer).toMatchObject({ kind: 'reservation', isReplay: true, state: 'held' })
    expect(answers.length, 'two attempts').toBe(6)
    expect(shop.state.lastSeq).toBe(2)
  })

  test('of an owner that was replaced counts for nothing', async () => {
    const { remote, cluster, ownerLink, told } = await gateway({ deadlineMs: 900 })
    remote.heedEpoch(2)
    const old = { ...someView, available: 0 } as Answer
    const seen = await scriptedOwner(ownerLink, cluster, (frame, index) =>
      index === 0
        ? frame.reply([encodeAnswer(old)], { epoch: 1 })
        : frame.reply(rightAnswers(frame), { epoch: index + 1 }),
    )
    expect(await ask(remote, readSku())).toEqual([someView])
    expect(told.troubles).toEqual(['an answer of an owner that was replaced was dropped'])
    await ask(remote, readSku())
    await ask(remote, readSku())
    const epochs = seen.map(({ frame }) => frame.epoch)
    expect(epochs, 'what was heard is told to the next owner').toEqual([2, 2, 2, 3])
  })

  test.each<[string, (seen: SeenFrame) => void]>([
    ['noise', (seen) => seen.send(Buffer.from('noise'))],
    ['nothing', (seen) => seen.send(Buffer.alloc(0))],
    ['an array of another version', (seen) => seen.send(packr.pack([9, 0, 1, 1, 1, []]))],
    [
      'for another frame',
      (seen) => seen.reply(rightAnswers(seen), { number: seen.frame.number + 1 }),
    ],
    ['with an answer too few', (seen) => seen.reply([])],
    [
      'with an answer too many',
      (seen) => seen.reply([...rightAnswers(seen), ...rightAnswers(seen)]),
    ],
    ['of another partition', (seen) => seen.reply(rightAnswers(seen), { partition: 1 })],
    ['of another count', (seen) => seen.reply(rightAnswers(seen), { partitionCount: 2 })],
    [
      'to another question',
      (seen) => seen.reply([encodeAnswer({ ...someView, sku: 'hat' } as Answer)]),
    ],
    ['that is none', (seen) => seen.reply([[99]])],
  ])('that is %s is dropped, and the right one is waited for', async (_what, wrong) => {
    const { remote, cluster, ownerLink, told } = await gateway({ deadlineMs: 900 })
    await scriptedOwner(ownerLink, cluster, (seen, index) =>
      index === 0 ? wrong(seen) : seen.reply(rightAnswers(seen)),
    )
    expect(await ask(remote, readSku())).toEqual([someView])
    expect(told.troubles).toHaveLength(1)
    expect(told.mismatches).toEqual([])
  })

  test('that comes twice, or after the deadline, is given once', async () => {
    const { remote, cluster, ownerLink, told } = await gateway()
    const seen = await scriptedOwner(ownerLink, cluster, (frame, index) => {
      if (index === 0) for (let time = 0; time < 3; time++) frame.reply(rightAnswers(frame))
    })
    expect(await ask(remote, readSku())).toEqual([someView])
    const late = submitAll(remote, [readSku()])
    expect(await answersOf(late)).toEqual([fault('outcome_unknown')])
    for (const frame of seen.slice(1)) frame.reply(rightAnswers(frame))
    await ownerLink.connection.flush()
    await turn()
    await answersOf(late)
    expect(told.troubles).toEqual([])
  })
})

describe('a refusal of a frame', () => {
  test.each([
    ['overdue', 'busy'],
    ['malformed', 'partition_unavailable'],
    ['version', 'partition_unavailable'],
  ] as const)('as %s is answered %s: nothing of it was executed', async (reason, code) => {
    const { remote, cluster, ownerLink, told } = await gateway({ deadlineMs: 60_000 })
    await scriptedOwner(ownerLink, cluster, (seen) => seen.reply(reason, { number: 0 }))
    expect(await ask(remote, reserve('k'))).toEqual([fault(code)])
    expect(told.troubles).toEqual([`the owner of partition 0 refuses frames: ${reason}`])
    expect(told.mismatches).toEqual([])
  })

  test('by an owner of another version is answered partition_unavailable', async () => {
    const { remote, cluster, ownerLink, told } = await gateway({ deadlineMs: 60_000 })
    const refusal = packr.pack([9, 0, 1, 4, 0, 'version'])
    await scriptedOwner(ownerLink, cluster, (seen) => seen.send(refusal))
    expect(await ask(remote, reserve('k'))).toEqual([fault('partition_unavailable')])
    expect(told.troubles).toEqual(['the owner of partition 0 refuses frames: version'])
  })

  test('because the cluster has another shape is told: this process must end', async () => {
    const { shop, far } = await start()
    const told: Told = { troubles: [], mismatches: [], poison: [], fenced: [] }
    const { cluster, ownerLink: link } = far
    const stale = reach(link, told, { cluster, partitionCount: 2 })
    // Epochs of the cluster as it was say nothing of the one as it is.
    stale.heedEpoch(99)
    expect(await ask(stale, reserve('k', 1, { sku: 'sku-1' }))).toEqual([
      fault('partition_unavailable'),
    ])
    expect(told.mismatches).toEqual(['partition 0 of 2 is none any more: the cluster has changed'])
    expect(far.told.poison).toEqual(['place'])
    expect(shop.state.lastSeq).toBe(0)
    await stale.drain()
  })

  test('as overdue before the deadline makes the gateway take another name: its clock stood still', async () => {
    const sender = 'a-sender-of-thirty-two-letters--'
    const { remote, cluster, ownerLink } = await gateway({ deadlineMs: 60_000, sender })
    const names: string[] = []
    await scriptedOwner(ownerLink, cluster, (seen) => {
      const isNew = !names.includes(seen.frame.sender)
      if (isNew) names.push(seen.frame.sender)
      if (names.length < 3) seen.reply('overdue')
      else seen.reply(rightAnswers(seen))
    })
    expect(await ask(remote, readSku())).toEqual([fault('busy')])
    expect(await ask(remote, readSku())).toEqual([fault('busy')])
    expect(await ask(remote, readSku())).toEqual([someView])
    expect(await ask(remote, readSku())).toEqual([someView])
    expect(names).toHaveLength(3)
    expect(names[0]).toBe(sender)
  })
})

describe('a frame', () => {
  test('is split by bytes: a megabyte of one turn is several frames, each answered', async () => {
    const { remote, far } = await start()
    const sizes = await spy(far.ownerLink, far.cluster)
    await ask(remote, open(1_000_000))
    const commands = Array.from({ length: 1_000 }, (_, number) =>
      reserve(`k${number}`, 1, { meta: '€'.repeat(170) }),
    )
    const answers = await ask(remote, ...commands)
    expect(answers.every((answer) => answer.kind === 'reservation' && answer.isNew)).toBe(true)
    expect(sizes.length).toBeGreaterThan(2)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(FRAME_BYTES_MAX + 128)
  })

  test('has a page of SKUs to itself, and keeps the order around it', async () => {
    const { remote, cluster, ownerLink } = await gateway({ deadlineMs: 60_000 })
    const list: Command = { kind: 'list-skus', after: undefined, limit: 1_000 }
    const seen = await scriptedOwner(ownerLink, cluster)
    submitAll(remote, [readSku(), readSku(), list, list, readSku('hat')])
    await expect.poll(() => seen.length, DEADLINE).toBe(4)
    const kinds = seen.map(({ frame }) => frame.commands.map(({ kind }) => kind))
    expect(kinds).toEqual([['read-sku', 'read-sku'], ['list-skus'], ['list-skus'], ['read-sku']])
    for (const each of seen) each.reply('malformed')
  })

  test('that the server does not take any more is refused as busy; the connection lives on', async () => {
    const small = await nats.server('max_payload: 65536')
    const { remote, cluster, link, ownerLink, told } = await gateway(
      { deadlineMs: 60_000 },
      small.url,
    )
    await scriptedOwner(ownerLink, cluster, (seen) => seen.reply(rightAnswers(seen)))
    const long = Array.from({ length: 200 }, (_, number) =>
      reserve(`k${number}`, 1, { meta: 'm'.repeat(512) }),
    )
    const answers = await ask(remote, ...long)
    expect(answers).toEqual(long.map(() => fault('busy')))
    expect(told.troubles.join()).toContain('max_payload')
    expect(await ask(remote, readSku())).toEqual([someView])
    expect(link.isUp).toBe(true)
  })
})

/** The sizes of all frames of the partition from now on. */
async function spy(link: NatsLink, cluster: string): Promise<number[]> {
  const sizes: number[] = []
  link.connection.subscribe(`holdfast.${cluster}.>`, {
    callback: (_error, { data }) => void sizes.push(data.length),
  })
  await link.connection.flush()
  return sizes
}

/** What an owner may do with a frame. */
function misbehave(random: Random, seen: SeenFrame): void {
  const busy = encodeAnswer({ kind: 'fault', code: 'busy' })
  const faults: readonly (() => void)[] = [
    () => seen.reply('overdue'),
    () => seen.reply('malformed'),
    () => seen.send(Buffer.from('noise')),
    () => seen.reply([]),
    () => seen.reply(rightAnswers(seen), { epoch: 0 }),
    () => seen.reply(seen.frame.commands.map(() => busy)),
    () => undefined,
    () => seen.reply(rightAnswers(seen)),
  ]
  random.pick(faults)()
  if (random.oneIn(3)) seen.reply(rightAnswers(seen))
}

randomTest(
  'after 200 frames of every fault everything is answered once, and nothing is left',
  async (random) => {
    const { remote, cluster, ownerLink } = await gateway()
    let seen = 0
    await scriptedOwner(ownerLink, cluster, (frame) => {
      seen++
      misbehave(random, frame)
    })
    const tickets: ReturnType<typeof submitAll> = []
    while (seen < 200) {
      for (let frame = 0; frame < 25; frame++) {
        tickets.push(...submitAll(remote, Array<Command>(random.integer(1, 3)).fill(readSku())))
        await turn()
      }
      await Promise.all(tickets.map(({ first }) => first))
    }
    await remote.drain()
    await answersOf(tickets)
  },
)
