// From counters to rates: what came since the last look, refusals apart from errors, batches with single calls.
import { expect, test } from 'vitest'
import { CallRates } from '../../../gateway/console/call-rates.ts'
import { createApp } from '../../../gateway/http/app.ts'
import { RequestRecorder } from '../../../gateway/http/request-recorder.ts'

test('tells what came since the last look, per second', async () => {
  const recorder = new RequestRecorder()
  const app = createApp(undefined)
  recorder.watch(app)
  app.post('/v1/reservations', async (_, reply) => reply.code(201).send({}))
  const rates = new CallRates(recorder)
  for (let count = 0; count < 3; count++)
    await app.inject({ method: 'POST', url: '/v1/reservations' })
  recorder.countOperation('reserve', 201)
  recorder.countOperation('confirm', 200)
  recorder.countOperation('reserve', 200)
  recorder.countOperation('reserve', 'sold_out')
  recorder.countOperation('confirm', 'reservation_expired')
  recorder.countOperation('reserve', 'outcome_unknown')
  recorder.countOperation('malformed', 'bad_request')
  const first = rates.take(500)
  expect(first).toMatchObject({ reservations: 8, confirms: 2, cancels: 0, returns: 0, calls: 6 })
  expect(first.refusals).toEqual({ sold_out: 2, reservation_expired: 2 })
  expect(first.errors).toEqual({ outcome_unknown: 2 })
  expect(first.rejected).toEqual({ bad_request: 2 })
  expect(first.reserve.p99Ms).toBeGreaterThan(0)
  expect(first.batch).toEqual({ p50Ms: undefined, p99Ms: undefined })
  const second = rates.take(1_000)
  expect(second).toMatchObject({ reservations: 0, confirms: 0, calls: 0, refusals: {}, errors: {} })
  expect(second.reserve).toEqual({ p50Ms: undefined, p99Ms: undefined })
  recorder.countOperation('reserve', 'sold_out')
  expect(rates.take(1_000).refusals).toEqual({ sold_out: 1 })
  await app.close()
})
