// The whole life of reservations: each begins once and ends at most once, after it began; the shares are as told.
import { expect, test } from 'vitest'
import { workload } from '../../bench/engine/workloads.ts'
import { type Fate, fateOf, wholeLife } from '../../bench/whole-life.ts'

const COUNT = 20_000
const FEW = 3_000

test('86 of 100 are paid for, 7 given back, 7 expire', () => {
  const fates = Array.from({ length: COUNT }, (_, index) => fateOf(index))
  const share = (wanted: Fate) => fates.filter((fate) => fate === wanted).length / COUNT
  expect(share('confirmed')).toBeCloseTo(0.86, 2)
  expect(share('cancelled')).toBeCloseTo(0.07, 2)
  expect(share('expired')).toBeCloseTo(0.07, 2)
})

test('every reservation begins once, in order, and ends as its fate says', () => {
  const open = new Set<number>()
  let begun = 0
  for (const { kind, index } of wholeLife(FEW)) {
    if (kind === 'reserve') {
      expect(index).toBe(begun++)
      open.add(index)
      continue
    }
    expect(open.delete(index)).toBe(true)
    expect(fateOf(index)).toBe(kind === 'confirm' ? 'confirmed' : 'cancelled')
  }
  expect(begun).toBe(FEW)
  expect([...open].every((index) => fateOf(index) === 'expired')).toBe(true)
})

test('a life shorter than the time between beginning and end is whole, too', () => {
  const steps = [...wholeLife(10)]
  expect(steps.filter(({ kind }) => kind === 'reserve').length).toBe(10)
  expect(steps.filter(({ kind }) => kind === 'confirm').length).toBeGreaterThan(5)
})

test('what the workload expects adds up', () => {
  const { commands, sold, held, events } = workload('life', COUNT)
  const kinds = commands.map(({ kind }) => kind)
  expect(sold).toBe(kinds.filter((kind) => kind === 'confirm').length)
  expect([held, events]).toEqual([0, 2 * COUNT])
})
