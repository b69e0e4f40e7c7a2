// What may be typed as the end of a walk: a seq, or a time that the calendar has.
import { describe, expect, test } from 'vitest'
import { endArgument } from '../../../replay/cli/arguments.ts'

describe('the end of a walk', () => {
  test.each([
    ['2026-11-30', Date.UTC(2026, 10, 30)],
    ['2028-02-29', Date.UTC(2028, 1, 29)],
    ['2026-12-31T23:59', Date.UTC(2026, 11, 31, 23, 59)],
    ['2026-11-11T20:00:00.5Z', Date.UTC(2026, 10, 11, 20, 0, 0, 500)],
    // Of another day in UTC.
    ['2026-11-30T23:30-02:00', Date.UTC(2026, 11, 1, 1, 30)],
    ['2026-03-01T00:30:00+02:00', Date.UTC(2026, 1, 28, 22, 30)],
  ])('is the time %s', (text, at) => {
    expect(endArgument(text)).toEqual({ seq: undefined, at })
  })

  test('is a seq', () => {
    expect(endArgument('20261131')).toEqual({ seq: 20_261_131, at: undefined })
  })

  test.each([
    ...['2026-11-31', '2026-02-30', '2026-02-29', '2026-04-31T10:00Z', '2026-02-30T10:00+02:00'],
    ...['2026-11-11T24:00', '2026-11-11T24:00:00Z', '2026-13-01', '2026-00-10', '2026-11-00'],
    ...['2026-11-11T20:60', '2026-11-11T20:00+25:00', '2026-11-11 20:00'],
  ])('is not %s', (text) => {
    expect(() => endArgument(text)).toThrow(/expected a seq like 4711 or a time like/)
  })
})
