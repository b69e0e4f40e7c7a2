// How far the growth bench goes: not beyond memory or disk, and it says so.
import { expect, test } from 'vitest'
import { sizesFor } from '../../bench/growth/sizes.ts'

const GIBIBYTE = 2 ** 30
const WIDE = { memoryBytes: 100 * GIBIBYTE, diskBytes: 100 * GIBIBYTE }

test('with room, from ten thousand to ten million; a quick look stops early', () => {
  const { measured, skipped } = sizesFor(false, WIDE)
  expect([measured[0], measured.at(-1), skipped.length]).toEqual([10_000, 10_000_000, 0])
  expect(sizesFor(true, WIDE).measured.at(-1)).toBe(300_000)
})

test.each(['memoryBytes', 'diskBytes'] as const)('too little %s leaves the large out', (scarce) => {
  const { measured, skipped } = sizesFor(false, { ...WIDE, [scarce]: 4 * GIBIBYTE })
  expect(measured.at(-1)).toBe(5_000_000)
  expect(skipped).toMatchObject([{ name: '10,000,000 live reservations' }])
  expect(skipped[0]?.reason).toContain('5.6 GiB')
})
