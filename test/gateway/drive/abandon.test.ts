// Which orders of a drive are left unpaid: by seed and line alone.
import { expect, test } from 'vitest'
import { isAbandoned } from '../../../gateway/drive/abandon.ts'

const LINES = Array.from({ length: 100_000 }, (_, index) => index + 1)

function abandonedLines(seed: number, share: number): number[] {
  return LINES.filter((line) => isAbandoned({ seed, line, share }))
}

test('chooses the same lines for the same seed, and others for another', () => {
  expect(abandonedLines(7, 0.14)).toEqual(abandonedLines(7, 0.14))
  const first = new Set(abandonedLines(7, 0.14))
  const both = abandonedLines(8, 0.14).filter((line) => first.has(line))
  expect(both.length / LINES.length).toBeCloseTo(0.14 * 0.14, 2)
})

test('leaves about the share unpaid that it is told', () => {
  for (const seed of [0, 1, 2, 2 ** 32 - 1]) {
    expect(abandonedLines(seed, 0.14).length / LINES.length).toBeCloseTo(0.14, 2)
  }
})

test('leaves nobody or everybody unpaid at the ends', () => {
  expect(abandonedLines(1, 0)).toHaveLength(0)
  expect(abandonedLines(1, 1)).toHaveLength(LINES.length)
})

test('abandons more lines, never other ones, at a larger share', () => {
  const more = new Set(abandonedLines(1, 0.2))
  expect(abandonedLines(1, 0.1).every((line) => more.has(line))).toBe(true)
})
