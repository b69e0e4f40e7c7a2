// What a storm came to, from the numbers of its rounds: capacity, goodput, payments before, during and after.
import { expect, test } from 'vitest'
import type { CrowdReport } from '../../../bench/open-loop/crowd.ts'
import {
  type Crowded,
  type OverloadRound,
  reportOverload,
} from '../../../bench/open-loop/overload-report.ts'
import { PaymentTimes } from '../../../bench/open-loop/payment-times.ts'

const TERMS = {
  ...{ storm: 3, stormSeconds: 8, giveUpMs: 1_000, connections: 256, stormConnections: 4_096 },
  paymentsPerSecond: 200,
}

/** Payments of which each took as long as `tookMs` says, one a second. */
function paid(failed: number, ...tookMs: number[]): PaymentTimes {
  const times = new PaymentTimes()
  for (const [second, ms] of tookMs.entries()) times.add(second * 1_000, ms)
  times.failed = failed
  return times
}

function crowded(report: Partial<CrowdReport>, payments: PaymentTimes): Crowded {
  const nobody = { due: 0, made: 0, busy: 0, givenUp: 0, other: 0, latencies: '' }
  return { crowd: { seconds: 2, ...nobody, ...report }, paid: payments }
}

const ROUND: OverloadRound = {
  calm: [
    crowded({ made: 20_000 }, paid(1, 5)),
    crowded({ made: 10_000, busy: 400, seconds: 4 }, paid(2, 5)),
  ],
  storm: crowded({ made: 32_000, busy: 800, givenUp: 7, seconds: 8 }, paid(4, 60, 20, 30)),
  unloaded: paid(8, 10, 10),
  after: paid(16, 50, 10, 10),
}

test('a storm is held against the calm on both sides of it, and every payment counts', () => {
  const { figures, lines } = reportOverload([ROUND], TERMS)
  const value = (what: string) => figures.find((figure) => figure.what === what)?.values[0]
  expect(lines.map(({ samples }) => samples[0])).toEqual([
    { perSecond: 5_000, requestsPerSecond: 5_000 + 400 / 6 },
    { perSecond: 4_000, requestsPerSecond: 4_100 },
  ])
  expect(value('goodput in the storm, to capacity')).toBe(0.8)
  expect(value('payments not confirmed')).toBe(1 + 2 + 4 + 8 + 16)
  expect(value('p99 of payments in the storm, to before')).toBe(6)
  expect(value('p99 from its second second on, to before')).toBe(3)
  expect(value('payments in the storm, p50')).toBe(30)
  expect(value('given up by the crowd in a storm')).toBe(7)
  expect(value('payments back after the storm')).toBeCloseTo(0.1)
})
