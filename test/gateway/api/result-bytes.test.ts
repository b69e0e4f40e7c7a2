// The bound of an operation's result, on which the native API builds: the longest ones there can be stay below it.
import { expect, test } from 'vitest'
import { RESULT_BYTES_MAX } from '../../../gateway/api/operations.ts'
import { problemBody } from '../../../gateway/api/problem-body.ts'
import { PROBLEMS, type ProblemCode } from '../../../gateway/api/problems.ts'
import { operationSchemas } from '../../../gateway/api/schemas.ts'
import { writeMessagePack } from '../../../gateway/nats/native-message-pack.ts'
import { testApps } from '../../fixtures/test-app.ts'

const start = testApps()
const LONG = { sku: 's'.repeat(64), buyer: 'b'.repeat(64) }
const bytesOf = (result: object = {}) =>
  Math.max(Buffer.byteLength(JSON.stringify(result)), writeMessagePack(result).length)

test('a reservation with everything at its longest', async () => {
  const app = await start()
  app.now = 253_000_000_000_000
  await app.open(1_000_000_000, {}, LONG.sku)
  const quantity = 1_000_000
  const operations = [{ op: 'reserve', ...LONG, quantity, key: 'k'.repeat(255) }]
  const [made] = (await app.post('/v1/batch', { operations })).body.results ?? []
  const more = [
    { op: 'confirm', id: made?.id, paymentId: 'p'.repeat(128) },
    { op: 'return', id: made?.id },
    ...operations,
  ]
  const results = (await app.post('/v1/batch', { operations: more })).body.results ?? []
  expect(results.map(({ status }) => status)).toEqual([200, 200, 200])
  for (const result of [made, ...results]) {
    // The seq may still grow to 16 digits.
    expect(bytesOf(result) + 16).toBeLessThan(RESULT_BYTES_MAX)
  }
})

test('every problem, with room for the members that some carry', () => {
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    expect(bytesOf(problemBody(code)) + 200, code).toBeLessThan(RESULT_BYTES_MAX)
  }
})

test('whatever a schema has to say about a bad operation', async () => {
  const app = await start()
  const junk = 'x'.repeat(5_000)
  const values = [junk, '', -1, 1.5, null, true, [], [junk], {}, { [junk]: junk }, '\u0000']
  const operations: object[] = values.map((op) => ({ op }))
  for (const [op, { properties }] of Object.entries(operationSchemas)) {
    operations.push({ op }, { op, [junk]: junk })
    for (const name of Object.keys(properties)) {
      for (const value of values) if (name !== 'op') operations.push({ op, [name]: value })
    }
  }
  const good = { op: 'reserve', ...LONG, quantity: 1 }
  for (const value of values) operations.push({ ...good, quantity: value })
  for (const name of ['sku', 'buyer', 'holdMs', 'meta', 'key']) {
    for (const value of values) operations.push({ ...good, [name]: value })
  }
  operations.push({ ...good, meta: 'ü'.repeat(400) })
  for (let from = 0; from < operations.length; from += 100) {
    const page = operations.slice(from, from + 100)
    const { results = [] } = (await app.post('/v1/batch', { operations: page })).body
    expect(results).toHaveLength(page.length)
    for (const result of results) {
      expect(bytesOf(result), JSON.stringify(result)).toBeLessThan(RESULT_BYTES_MAX)
    }
  }
})
