// What a report keeps of any number of events in fixed memory: how true it stays.
import { describe, expect, test } from 'vitest'
import { DelayHistogram } from '../../../replay/report/delay-histogram.ts'
import { LockStep } from '../../../replay/report/lock-step.ts'
import { type CurvePoint, StepCurve } from '../../../replay/report/step-curve.ts'
import { TempoBuckets } from '../../../replay/report/tempo-buckets.ts'
import { randomTest } from '../../fixtures/seed.ts'

describe('a curve', () => {
  randomTest('keeps few points, all of them true, the last among them', (random) => {
    const curve = new StepCurve(50)
    const all: CurvePoint[] = []
    let at = random.integer(0, 1_000_000)
    for (let index = 0; index < 1_500; index++) {
      at += random.oneIn(100) ? random.integer(0, 100_000) : random.integer(0, 3)
      const point: CurvePoint = [at, index, random.integer(0, 9)]
      all.push(point)
      curve.add(point)
      expect(curve.points.length).toBeLessThanOrEqual(50)
    }
    expect(curve.points.at(-1)).toBe(all.at(-1))
    expect(curve.points.length).toBeGreaterThan(5)
    for (const point of curve.points) {
      expect(all).toContain(point)
      const last = all.findLast(([time]) => time === point[0])
      expect(point, 'the last of its moment').toBe(last)
    }
  })

  test('of few moments keeps every one', () => {
    const curve = new StepCurve(10)
    for (const [at, value] of [
      [5, 1],
      [5, 2],
      [6, 3],
      [900, 4],
    ] as const) {
      curve.add([at, value])
    }
    expect(curve.points).toEqual([
      ...[
        [5, 2],
        [6, 3],
      ],
      [900, 4],
    ])
  })
})

describe('the tempo', () => {
  randomTest('adds up to what was counted, in buckets of one width', (random) => {
    const buckets = new TempoBuckets(['reserved', 'confirmed'])
    const times: { kind: 'reserved' | 'confirmed'; at: number }[] = []
    let at = random.integer(0, 2_000_000_000)
    for (let index = 0; index < 2_000; index++) {
      at += random.oneIn(500) ? random.integer(0, 10_000_000) : random.integer(0, 40)
      const kind = random.pick(['reserved', 'confirmed'] as const)
      times.push({ kind, at })
      buckets.add(kind, at)
    }
    const { from = 0, widthMs = 0, counts } = buckets.tempo ?? {}
    expect(counts?.reserved.length).toBeLessThanOrEqual(150)
    expect(counts?.reserved.length).toBe(counts?.confirmed.length)
    expect(from % widthMs).toBe(0)
    for (const kind of ['reserved', 'confirmed'] as const) {
      for (const [index, count] of (counts?.[kind] ?? []).entries()) {
        const begin = from + index * widthMs
        const within = times.filter(
          (one) => one.kind === kind && one.at >= begin && one.at < begin + widthMs,
        )
        expect(count, `${kind} from ${begin}`).toBe(within.length)
      }
    }
  })

  test('of nothing is nothing', () => {
    expect(new TempoBuckets(['reserved']).tempo).toBeUndefined()
  })
})

describe('delays', () => {
  randomTest('have quantiles that are at most 2 % too high', (random) => {
    const histogram = new DelayHistogram()
    const all: number[] = []
    for (let index = 0; index < 3_000; index++) {
      const delay = random.integer(0, 2 ** random.integer(0, 31))
      all.push(delay)
      histogram.add(delay)
    }
    all.sort((one, other) => one - other)
    const { medianMs = 0, p90Ms = 0, p99Ms = 0, maxMs, buckets = [] } = histogram.report ?? {}
    for (const [share, told] of [
      [0.5, medianMs],
      [0.9, p90Ms],
      [0.99, p99Ms],
    ] as const) {
      const exact = all[Math.ceil(share * all.length) - 1] ?? 0
      expect(told).toBeGreaterThanOrEqual(exact)
      expect(told).toBeLessThanOrEqual(exact * 1.02)
    }
    expect(maxMs).toBe(all.at(-1))
    let before = -1
    for (const { upToMs = Number.POSITIVE_INFINITY, count } of buckets) {
      const within = all.filter((delay) => delay <= upToMs && (delay > before || before < 0))
      if (before >= 0) expect(count, `up to ${upToMs}`).toBe(within.length)
      before = upToMs
    }
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(all.length)
  })

  test('on an edge belong below it', () => {
    const histogram = new DelayHistogram()
    for (const delay of [0, 1, 1, 2, 10_000, 10_001]) histogram.add(delay)
    const { buckets = [], medianMs, meanMs } = histogram.report ?? {}
    expect(buckets.filter(({ count }) => count > 0)).toEqual([
      ...[
        { upToMs: 0, count: 1 },
        { upToMs: 1, count: 2 },
        { upToMs: 2, count: 1 },
      ],
      ...[
        { upToMs: 10_000, count: 1 },
        { upToMs: 30_000, count: 1 },
      ],
    ])
    expect([medianMs, meanMs]).toEqual([1, 3_334])
  })
})

describe('walks in step', () => {
  randomTest('pass the gate in the order of their times', async (random) => {
    const gate = new LockStep(3)
    const passed: number[] = []
    const walker = async () => {
      let at = 0
      for (let event = 0; event < 200; event++) {
        at += random.integer(0, 5)
        const turn = gate.turn(at)
        if (turn !== undefined) await turn
        passed.push(at)
      }
      gate.leave()
    }
    await Promise.all([walker(), walker(), walker()])
    expect(passed).toHaveLength(600)
    expect(passed).toEqual([...passed].sort((one, other) => one - other))
  })

  test('all end when one of them fails', async () => {
    const gate = new LockStep(2)
    const waiting = gate.turn(7)
    gate.stop(new Error('damaged'))
    await expect(waiting).rejects.toThrow('damaged')
    await expect(gate.turn(8)).rejects.toThrow('damaged')
  })
})
