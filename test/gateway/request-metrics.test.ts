// From the recorder's slots to Prometheus' buckets, and what was shed before any route saw it.
import { expect, test } from 'vitest'
import { RequestRecorder, RouteRecord } from '../../gateway/http/request-recorder.ts'
import { Metrics } from '../../gateway/metrics/metrics.ts'
import { Scrape } from '../fixtures/scrape.ts'
import { randomTest } from '../fixtures/seed.ts'

const scrape = async (recorder: RequestRecorder, reserve = 0, read = 0): Promise<Scrape> => {
  const load = { inFlight: 0, shed: { reserve, read } }
  const metrics = new Metrics({ role: 'gateway', version: '0.0.0-test', recorder, load })
  return new Scrape(await metrics.scrape())
}

randomTest('every bucket has exactly the durations below its bound', async (random) => {
  const record = new RouteRecord('POST', '/v1/reservations')
  const durations = Array.from({ length: 500 }, () => random.integer(1, 10 ** random.integer(1, 8)))
  for (const microseconds of durations) record.latency.add(microseconds / 1_000)
  const recorder = new RequestRecorder()
  Object.defineProperty(recorder, 'routes', { value: new Map([['POST /v1/reservations', record]]) })
  const { samples } = await scrape(recorder)
  const buckets = samples.filter(({ name }) => name === 'holdfast_request_duration_seconds_bucket')
  expect(buckets.length).toBe(16)
  for (const { labels, value } of buckets) {
    const { le = '' } = labels
    const bound = le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le) * 1e6
    expect(value, le).toBe(durations.filter((duration) => duration < bound).length)
  }
})

test('what was shed before any route saw it counts as operations, and as busy', async () => {
  const scraped = await scrape(new RequestRecorder(), 7, 2)
  const shed = (operation: string) =>
    scraped.value('holdfast_operations_total', { operation, outcome: 'shed' })
  expect([shed('reserve'), shed('other'), shed('confirm')]).toEqual([7, 2, 0])
  expect(scraped.value('holdfast_faults_total', { code: 'busy' })).toBe(9)
  expect(scraped.value('holdfast_shed_requests_total', { lane: 'reserve' })).toBe(7)
})
