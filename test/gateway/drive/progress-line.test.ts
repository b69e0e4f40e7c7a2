// The line that tells how a drive is going.
import { expect, test } from 'vitest'
import type { DriveProgress } from '../../../gateway/drive/drive-options.ts'
import { describeProgress, ProgressLine } from '../../../gateway/drive/progress-line.ts'

const SELLING: DriveProgress = { phase: 'sell', done: 2000, total: 10_000, soldOutSkus: 7 }

test('tells rate, remaining time and sold-out SKUs', () => {
  expect(describeProgress(SELLING, 1000)).toBe(
    'selling 2,000/10,000  2,000/s  ETA 4 s  sold out: 7 SKUs',
  )
})

test('promises no time before it knows a rate or an end', () => {
  expect(describeProgress({ ...SELLING, done: 0 }, 0)).toBe('selling 0/10,000  sold out: 7 SKUs')
  const survey: DriveProgress = { phase: 'survey', done: 500, total: undefined, soldOutSkus: 0 }
  expect(describeProgress(survey, 1000)).toBe('reading 500  500/s')
})

test('rewrites one line at most five times a second and leaves nothing behind', () => {
  let nowMs = 0
  const written: string[] = []
  const line = new ProgressLine({
    write: (text) => written.push(text),
    nowMs: () => nowMs,
    columns: () => 20,
  })
  for (nowMs = 0; nowMs < 1000; nowMs += 50) line.onProgress(SELLING)
  expect(written).toHaveLength(5)
  expect(written.every((text) => text.length <= 20 && !text.includes('\n'))).toBe(true)
  line.clear()
  expect(written.at(-1)).toMatch(/^\r +\r$/)
})
