// Ages of frames: two clocks that have nothing to do with each other, drift, stand still, or begin anew.
import { describe, expect, test } from 'vitest'
import { FrameAges } from '../../../gateway/nats/frame-age.ts'
import { SENDERS_MAX } from '../../../gateway/nats/limits.ts'
import { type Random, randomTest } from '../../fixtures/seed.ts'

/** Ages are known to so many ms: sending times are whole. */
const ROUNDING = 1

/** An owner and a gateway with their clocks, and the time that really passes. */
class TwoClocks {
  readonly ages = new FrameAges()
  now = 1_000_000
  sender = 'gateway'
  /** What the sender's clock shows beyond the real time, and how much faster it goes. */
  offset = 0
  drift = 0

  /** A frame that is `wayMs` on its way; gives its age as the owner sees it. */
  frame(wayMs: number): number {
    const sentAt = Math.floor(this.now * (1 + this.drift) + this.offset)
    this.now += wayMs
    return this.ages.ageMs(this.sender, sentAt, this.now)
  }
}

const someOffset = (random: Random) => random.integer(-900_000, 2 ** 40)

describe('the age of a frame', () => {
  randomTest(
    'is what it was on its way beyond the shortest way, whatever the clocks show',
    (random) => {
      const clocks = new TwoClocks()
      clocks.offset = someOffset(random)
      expect(clocks.frame(0.5), 'the first is taken for fresh').toBe(0)
      for (let round = 0; round < 2_000; round++) {
        clocks.now += random.integer(1, 500)
        const way = random.oneIn(4) ? random.integer(1, 8_000) : 0.5
        const age = clocks.frame(way)
        expect(age).toBeGreaterThanOrEqual(0)
        expect(Math.abs(age - (way - 0.5))).toBeLessThanOrEqual(ROUNDING)
      }
    },
  )

  randomTest(
    'is never more than the whole time on its way, when the first frame was slow itself',
    (random) => {
      const clocks = new TwoClocks()
      clocks.offset = someOffset(random)
      clocks.frame(random.integer(1, 5_000))
      for (let round = 0; round < 500; round++) {
        clocks.now += random.integer(1, 500)
        const way = random.integer(0, 5_000)
        expect(clocks.frame(way)).toBeLessThanOrEqual(way + ROUNDING)
      }
    },
  )

  test('is told right for every frame that waited while the owner stood still', () => {
    const clocks = new TwoClocks()
    clocks.frame(1)
    const sentAt = Math.floor(clocks.now)
    const waiting = [0, 500, 1_000, 4_000].map((later) => sentAt + later)
    clocks.now += 30_000
    const ages = waiting.map((sent) => clocks.ages.ageMs('gateway', sent, clocks.now))
    ages.forEach((age, index) => {
      const waited = clocks.now - (waiting[index] ?? 0)
      expect(Math.abs(age - waited)).toBeLessThanOrEqual(1 + ROUNDING)
    })
  })

  test('is known still after a window without frames has begun', () => {
    const clocks = new TwoClocks()
    clocks.frame(0)
    clocks.now += 110_000
    expect(clocks.frame(5_000)).toBeGreaterThanOrEqual(5_000 - ROUNDING)
  })
})

describe('clocks that drift', () => {
  test.each([100e-6, -100e-6])('by %s stay in step while frames come', (drift) => {
    const clocks = new TwoClocks()
    clocks.drift = drift
    clocks.frame(0)
    for (let second = 0; second < 24 * 3_600; second += 10) {
      clocks.now += 10_000
      // Two windows' drift at most.
      expect(clocks.frame(0)).toBeLessThanOrEqual(12 + ROUNDING)
    }
    expect(clocks.frame(3_000)).toBeGreaterThanOrEqual(3_000 - ROUNDING)
  })

  test.each([100e-6, -100e-6])('by %s make no frame old after a quiet day', (drift) => {
    const clocks = new TwoClocks()
    clocks.drift = drift
    clocks.frame(0)
    clocks.now += 24 * 3_600_000
    expect(clocks.frame(0)).toBe(0)
    clocks.now += 100
    expect(clocks.frame(0), 'nor the one after it').toBeLessThanOrEqual(ROUNDING)
    expect(clocks.frame(2_000), 'and ages are told again').toBeGreaterThanOrEqual(2_000 - ROUNDING)
  })
})

describe('a sender', () => {
  test('that begins anew under another name has a clock of its own', () => {
    const clocks = new TwoClocks()
    clocks.offset = 500_000_000
    clocks.frame(0)
    clocks.sender = 'gateway-again'
    clocks.offset = 0
    expect(clocks.frame(0)).toBe(0)
    expect(clocks.frame(700)).toBeGreaterThanOrEqual(700 - ROUNDING)
  })

  test('whose clock stood still looks old for two windows at most', () => {
    const clocks = new TwoClocks()
    clocks.frame(0)
    clocks.offset = -10_000
    expect(clocks.frame(0)).toBeGreaterThanOrEqual(10_000 - ROUNDING)
    for (let passed = 0; passed <= 120_000; passed += 1_000) {
      clocks.now += 1_000
      clocks.frame(0)
    }
    expect(clocks.frame(0)).toBeLessThanOrEqual(ROUNDING)
  })

  test('whose clock leapt forward is fresh, and stays so', () => {
    const clocks = new TwoClocks()
    clocks.frame(0)
    clocks.offset = 10_000
    expect(clocks.frame(0)).toBe(0)
    expect(clocks.frame(400)).toBeGreaterThanOrEqual(400 - ROUNDING)
  })

  test('is told apart from every other', () => {
    const ages = new FrameAges()
    ages.ageMs('a', 1_000, 5_000)
    ages.ageMs('b', 9_000_000, 5_000)
    expect(ages.ageMs('a', 1_100, 5_300)).toBe(200)
    expect(ages.ageMs('b', 9_000_100, 5_100)).toBe(0)
  })

  test('is forgotten when too many others came: then it is new again', () => {
    const ages = new FrameAges()
    ages.ageMs('first', 0, 1_000)
    for (let number = 0; number < SENDERS_MAX - 1; number++) ages.ageMs(`s${number}`, 0, 1_000)
    expect(ages.ageMs('first', 100, 1_600), 'still known').toBe(500)
    ages.ageMs('one more', 0, 1_000)
    expect(ages.ageMs('first', 200, 9_000), 'taken for fresh').toBe(0)
  })
})
