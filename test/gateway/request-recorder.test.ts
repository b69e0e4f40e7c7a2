// The recorder of calls: durations within their slots, outcomes by route and by operation of a batch.
import { describe, expect, test } from 'vitest'
import { problemBody } from '../../gateway/api/problem-body.ts'
import { createApp } from '../../gateway/http/app.ts'
import { LatencyHistogram, quantileMs, upperEdgeMs } from '../../gateway/http/latency-histogram.ts'
import { RequestRecorder } from '../../gateway/http/request-recorder.ts'
import { sendProblem } from '../../gateway/http/send-problem.ts'
import { randomTest } from '../fixtures/seed.ts'

/** The slot that `durationMs` falls into. */
function slotOf(durationMs: number): number {
  const histogram = new LatencyHistogram()
  histogram.add(durationMs)
  return histogram.counts.indexOf(1)
}

describe('the histogram', () => {
  randomTest('puts every duration into a slot that ends at most 1/16 above it', (random) => {
    for (let round = 0; round < 2_000; round++) {
      // From a microsecond to nearly a quarter of an hour, every order of magnitude alike.
      const durationMs = Math.exp(((random.word() >>> 0) / 2 ** 32) * 20 - 7)
      const edge = upperEdgeMs(slotOf(durationMs))
      expect(edge).toBeGreaterThanOrEqual(durationMs)
      expect(edge).toBeLessThanOrEqual(durationMs * (1 + 1 / 16) + 0.001)
    }
  })

  test('takes what is absurd', () => {
    const histogram = new LatencyHistogram()
    for (const durationMs of [0, -1, 1e12]) histogram.add(durationMs)
    expect(histogram.counts[0]).toBe(2)
    expect(histogram.counts.at(-1)).toBe(1)
    expect(histogram.count).toBe(3)
  })

  test('tells quantiles of what was counted, and none of nothing', () => {
    const histogram = new LatencyHistogram()
    expect(quantileMs(histogram.counts, 0.5)).toBeUndefined()
    for (let count = 0; count < 98; count++) histogram.add(1)
    histogram.add(50)
    histogram.add(60)
    expect(quantileMs(histogram.counts, 0.5)).toBeCloseTo(1, 1)
    expect(quantileMs(histogram.counts, 0.99)).toBeCloseTo(50, -1)
    expect(quantileMs(histogram.counts, 1)).toBeGreaterThanOrEqual(60)
    expect(histogram.sumMs).toBe(208)
  })
})

describe('the recorder', () => {
  test('counts what calls of each route came to, by status and by code', async () => {
    const app = createApp(undefined)
    const recorder = new RequestRecorder()
    recorder.watch(app)
    app.get<{ Params: { what: string } }>('/things/:what', async ({ params }, reply) =>
      params.what === 'made' ? reply.code(201).send({}) : { ok: true },
    )
    app.post('/things', (request, reply) => {
      sendProblem(request, reply, problemBody('busy'))
    })
    for (const what of ['a', 'b', 'made']) await app.inject(`/things/${what}`)
    await app.inject({ method: 'POST', url: '/things' })
    await app.inject('/nowhere')
    const things = recorder.route('GET /things/:what')
    expect(things?.outcomes).toEqual(
      new Map([
        [200, 2],
        [201, 1],
      ]),
    )
    expect(things?.latency.count).toBe(3)
    expect(recorder.route('POST /things')?.outcomes).toEqual(new Map([['busy', 1]]))
    expect([...recorder.routes.keys()]).toEqual(['GET /things/:what', 'POST /things'])
    await app.close()
  })

  test('counts operations of batches by their names', () => {
    const recorder = new RequestRecorder()
    recorder.countOperation('reserve', 201)
    recorder.countOperation('reserve', 'sold_out')
    recorder.countOperation('reserve', 201)
    expect(recorder.operations.get('reserve')?.outcomes).toEqual(
      new Map<unknown, number>([
        [201, 2],
        ['sold_out', 1],
      ]),
    )
  })
})
