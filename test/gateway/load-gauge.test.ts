// The load gauge: when an overload begins and ends, and what is refused meanwhile.
import { describe, expect, test } from 'vitest'
import type { Command } from '../../core/command.ts'
import { hasRoom, type Lane, laneOf } from '../../gateway/lane.ts'
import { LoadGauge } from '../../gateway/load-gauge.ts'
import { cancel, confirm, open, readSku, reserve } from '../fixtures/commands.ts'

/** A gauge in a process of which every poll takes as long as the test says. */
class Process {
  nowMs = 1_000
  #idleMs = 0
  #end: (() => void) | undefined
  readonly gauge: LoadGauge

  constructor(targetMs = 20) {
    this.gauge = new LoadGauge({
      targetMs,
      monotonicMs: () => this.nowMs,
      idleMs: () => this.#idleMs,
      afterPoll: (end) => {
        this.#end = end
      },
    })
  }

  /** Nothing to do for `ms`. */
  idle(ms: number): void {
    this.nowMs += ms
    this.#idleMs += ms
  }

  /** One poll of `ms` that brings a call of each of `lanes` in at its end; the lanes that were refused. */
  poll(ms: number, lanes: readonly Lane[] = [], crowd = 512): Lane[] {
    this.gauge.refuses('server')
    for (let more = 1 + lanes.length; more < crowd; more++) this.gauge.refuses('server')
    this.nowMs += ms
    const refused = lanes.filter((lane) => this.gauge.refuses(lane))
    this.#end?.()
    return refused
  }

  /** Polls of 25 ms until what is late for too long is an overload. */
  overload(): void {
    for (let count = 0; count < 4; count++) this.poll(25)
    expect(this.gauge.isOverloaded).toBe(true)
  }
}

const ALL: readonly Lane[] = ['reserve', 'read', 'settle', 'server']

describe('an overload', () => {
  test('begins when every poll has been late for 100 ms, and not before', () => {
    const process = new Process()
    for (let count = 0; count < 3; count++) expect(process.poll(25, ALL)).toEqual([])
    expect(process.gauge.isOverloaded).toBe(false)
    process.poll(25)
    expect(process.gauge.isOverloaded).toBe(true)
  })

  test('is no single pause, however long, and no burst', () => {
    const process = new Process()
    process.poll(99)
    process.poll(5)
    for (let count = 0; count < 20; count++) process.poll(count % 2 === 0 ? 90 : 20)
    expect(process.gauge.isOverloaded).toBe(false)
  })

  test('is none of a few requests on a machine that has no time for them', () => {
    const process = new Process()
    for (let count = 0; count < 20; count++) process.poll(100, ALL, 511)
    expect(process.gauge.isOverloaded).toBe(false)
    for (let count = 0; count < 2; count++) process.poll(100, ALL, 512)
    expect(process.gauge.isOverloaded).toBe(true)
  })

  test('is one, too, where polls are short and answering them takes the rest of the time', () => {
    const answering = new Process()
    answering.poll(15)
    for (let round = 0; round < 4; round++) {
      answering.nowMs += 10
      answering.poll(15)
    }
    expect(answering.gauge.isOverloaded).toBe(true)
    const resting = new Process()
    for (let round = 0; round < 20; round++) {
      resting.idle(10)
      resting.poll(15)
    }
    expect(resting.gauge.isOverloaded, 'a loop that had nothing to do is not late').toBe(false)
  })

  test('is over when nothing has been shed for long enough', () => {
    const process = new Process()
    process.overload()
    takeAll(process.gauge, 65)
    for (let count = 0; count < 249; count++) process.poll(10)
    expect(process.gauge.isOverloaded).toBe(true)
    process.poll(10)
    expect(process.gauge.isOverloaded).toBe(false)
    expect(process.poll(15, ALL)).toEqual([])
  })

  test('never is one where the target is 0', () => {
    const process = new Process(0)
    for (let count = 0; count < 50; count++) expect(process.poll(500, ALL)).toEqual([])
    expect(process.gauge.isOverloaded).toBe(false)
  })
})

describe('a flood', () => {
  test.each([
    { requests: 1_025, ms: 11, isOverload: true },
    { requests: 1_024, ms: 11, isOverload: false },
    { requests: 1_025, ms: 10, isOverload: false },
  ])('$requests requests of one poll that takes $ms ms: $isOverload', (of) => {
    const process = new Process()
    process.poll(of.ms, ['server'], of.requests)
    expect(process.gauge.isOverloaded).toBe(of.isOverload)
  })

  test.each([
    { unanswered: 1_025, ms: 11, isOverload: true },
    { unanswered: 1_024, ms: 11, isOverload: false },
    { unanswered: 1_025, ms: 10, isOverload: false },
  ])('that several polls brought in, $unanswered calls, late by $ms ms: $isOverload', (of) => {
    const process = new Process()
    process.gauge.heed({ unanswered: () => of.unanswered, connections: () => 1_024 })
    process.poll(of.ms, ['server'], 10)
    expect(process.gauge.isOverloaded).toBe(of.isOverload)
  })

  test.each([
    { waiting: 641, ms: 5, connections: 1_025, isOverload: true },
    { waiting: 640, ms: 5, connections: 1_025, isOverload: false },
    { waiting: 641, ms: 4, connections: 1_025, isOverload: false },
    { waiting: 641, ms: 5, connections: 1_024, isOverload: false },
    { waiting: 1_024, ms: 19, connections: 1_024, isOverload: false },
  ])(
    'is known by its beginning where many may send: $waiting wait, $ms ms late, $connections open: $isOverload',
    ({ waiting, ms, connections, isOverload }) => {
      const byPoll = new Process()
      byPoll.gauge.heed({ unanswered: () => 0, connections: () => connections })
      byPoll.poll(ms, ['server'], waiting)
      const byAnswers = new Process()
      byAnswers.gauge.heed({ unanswered: () => waiting, connections: () => connections })
      byAnswers.poll(ms, ['server'], 10)
      expect([byPoll, byAnswers].map(({ gauge }) => gauge.isOverloaded)).toEqual([
        isOverload,
        isOverload,
      ])
    },
  )

  test('is refused from there on, in the same poll', () => {
    const process = new Process()
    for (let count = 0; count < 1_024; count++) process.gauge.refuses('reserve')
    process.nowMs += 11
    expect(takeAll(process.gauge, 100)).toHaveLength(64)
  })
})

/** Tries `count` reservations; what says that one is answered, for each that was let in. */
function takeAll(gauge: LoadGauge, count: number): (() => void)[] {
  const answered: (() => void)[] = []
  for (let reservation = 0; reservation < count; reservation++) {
    if (!gauge.refuses('reserve')) answered.push(gauge.take())
  }
  return answered
}

describe('while overloaded', () => {
  test.each([
    { ms: 20, refused: ['reserve'] },
    { ms: 21, refused: ['reserve', 'read'] },
    { ms: 5_000, refused: ['reserve', 'read'] },
  ])('and full, $ms ms late, $refused are refused, and nothing else ever', ({ ms, refused }) => {
    const process = new Process()
    process.overload()
    expect(takeAll(process.gauge, 64)).toHaveLength(64)
    expect(process.poll(ms, ALL)).toEqual(refused)
    expect(process.gauge.shed).toEqual({
      reserve: 1,
      read: refused.includes('read') ? 1 : 0,
    })
  })

  test('as many reservations are under way as there is room for', () => {
    const process = new Process()
    process.overload()
    const answered = takeAll(process.gauge, 65)
    expect(answered).toHaveLength(64)
    answered[0]?.()
    expect(takeAll(process.gauge, 2)).toHaveLength(1)
  })

  test('room follows how much the loop has to wait', () => {
    const process = new Process()
    process.overload()
    expect(takeAll(process.gauge, 1_000)).toHaveLength(64)
    process.poll(0)
    process.idle(50)
    const answered = takeAll(process.gauge, 1_000)
    expect(answered, 'an eighth more').toHaveLength(8)
    process.poll(51)
    answered[0]?.()
    expect(process.gauge.refuses('reserve'), 'the room for it has left, too').toBe(true)
  })

  test('room does not grow while the crowd is kept waiting', () => {
    const process = new Process()
    process.overload()
    for (const answered of takeAll(process.gauge, 65)) answered()
    for (let payment = 0; payment < 200; payment++) {
      process.idle(9)
      process.poll(1, ['settle'], 1)
    }
    expect(process.gauge.isOverloaded).toBe(true)
    expect(takeAll(process.gauge, 1_000), 'one span had a refusal').toHaveLength(72)
  })

  test('room begins anew with the next overload, whatever the loop has waited before', () => {
    const process = new Process()
    process.idle(5_000)
    process.overload()
    const answered = takeAll(process.gauge, 1_000)
    expect(answered).toHaveLength(64)
    process.poll(51)
    expect(process.gauge.refuses('reserve'), 'it has not waited since').toBe(true)
    process.poll(0)
    process.idle(50)
    answered.push(...takeAll(process.gauge, 1_000))
    expect(answered).toHaveLength(72)
    for (const answer of answered) answer()
    process.idle(3_000)
    process.poll(1)
    expect(process.gauge.isOverloaded).toBe(false)
    process.overload()
    expect(takeAll(process.gauge, 1_000)).toHaveLength(64)
  })
})

describe('a lane', () => {
  test.each<[Command, Lane]>([
    [reserve('k'), 'reserve'],
    [readSku(), 'read'],
    [{ kind: 'list-skus', after: undefined, limit: 1 }, 'read'],
    [confirm('k'), 'settle'],
    [cancel('k'), 'settle'],
    [open(1), 'server'],
    [{ kind: 'describe', withHash: false }, 'server'],
  ])('of %o is %s', (command, lane) => {
    expect(laneOf(command)).toBe(lane)
  })

  test('leaves room for those that matter more', () => {
    const full = (lane: Lane) => {
      let length = 0
      while (hasRoom(lane, length, 64)) length++
      return length
    }
    expect(ALL.map(full)).toEqual([48, 56, 64, 64])
  })
})
