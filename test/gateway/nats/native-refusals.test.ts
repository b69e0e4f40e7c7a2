// Bad calls of the native API, on a real nats-server: each is told why, changes nothing, and harms no call after it.
import { createInbox } from '@nats-io/transport-node'
import { describe, expect, test } from 'vitest'
import { PROBLEMS, type ProblemCode } from '../../../gateway/api/problems.ts'
import type { NativeVerb } from '../../../gateway/nats/native-request.ts'
import { packr } from '../../../journal/message-pack.ts'
import {
  CLUSTER,
  ENCODINGS,
  JSON_TYPE,
  NativeClient,
  type NativeReply,
  PACK_TYPE,
  readReply,
  startNative,
} from '../../fixtures/native.ts'
import { testNats } from '../../fixtures/nats.ts'
import { RawNats } from '../../fixtures/raw-nats.ts'
import { testApps } from '../../fixtures/test-app.ts'

const nats = testNats()
const start = testApps()

const INPUT = { sku: 'shoe', buyer: 'ada', quantity: 1 }
const GOOD = JSON.stringify(INPUT)
const RESERVE = `holdfast.${CLUSTER}.api.reserve`
const NOBODY = '7ZZZZZZZZZZZZZZZZZZZZZZZZZ'
/** A good call, but for `more` at its end. */
const withMore = (more: string) => `${GOOD.slice(0, -1)},${more}}`
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

async function shop(configuration = '') {
  const app = await start()
  await app.open(1_000)
  const server = await nats.server(configuration)
  const native = await startNative(nats, server, app.partitions)
  const client = new NativeClient(await nats.link(server, 'client'))
  const before = app.hash
  return {
    ...{ app, server, client, native },
    /** Asserts that the reply is the problem and that nothing has changed. */
    expectRefused: (reply: NativeReply, code: ProblemCode, what: string) => {
      const { status, title } = PROBLEMS[code]
      expect(reply.body, what).toMatchObject({ code, status, title })
      expect(reply.body.detail, what).toEqual(expect.stringMatching(/./))
      expect(JSON.stringify(reply.body), what).not.toMatch(/ at .*\.[jt]s:\d/)
      expect(app.hash, what).toBe(before)
    },
    /** The gateway goes on: over the connection it had, without a bug, with nothing in flight. */
    expectWell: async () => {
      expect((await client.call('reserve', INPUT)).status).toBe(201)
      expect(native.bugs).toEqual([])
      expect(native.api.inFlight).toBe(0)
      expect(native.linkChanges, 'nothing cost the connection').toEqual([])
    },
  }
}

describe('a payload in JSON', () => {
  const rows: [string, string | Buffer, ProblemCode][] = [
    ['nothing', '', 'bad_json'],
    ['blanks', '  ', 'bad_json'],
    ['no JSON', 'sku=shoe', 'bad_json'],
    ['cut off', GOOD.slice(0, -2), 'bad_json'],
    ['a second value behind', `${GOOD}${GOOD}`, 'bad_json'],
    ['no UTF-8', Buffer.from('{"sku":"sh\xffoe"}', 'latin1'), 'bad_json'],
    ['an overlong form', Buffer.from('{"sku":"\xc0\xaf"}', 'latin1'), 'bad_json'],
    ['a key twice', withMore('"quantity":2'), 'bad_json'],
    ['a key twice, once escaped', withMore('"quanti\\u0074y":2'), 'bad_json'],
    ['nested 5,000 deep', '['.repeat(5_000) + ']'.repeat(5_000), 'bad_json'],
    ['nested and never closed', '['.repeat(16_000), 'bad_json'],
    ['MessagePack', packr.pack(INPUT), 'bad_json'],
    ['a lone surrogate', withMore('"meta":"\\ud800"'), 'bad_request'],
    ['__proto__', withMore('"__proto__":{"quantity":1}'), 'bad_request'],
    ['constructor', withMore('"constructor":{"prototype":{}}'), 'bad_request'],
    ['a field that is not known', withMore('"color":"red"'), 'bad_request'],
    ['op, as in a batch', withMore('"op":"reserve"'), 'bad_request'],
    ['op, as undefined as JSON can', withMore('"op":null'), 'bad_request'],
    ['a list', `[${GOOD}]`, 'bad_request'],
    ['a text', '"x"', 'bad_request'],
    ['null', 'null', 'bad_request'],
    ['a number', '7', 'bad_request'],
    ['an empty object', '{}', 'bad_request'],
    ['a quantity as text', GOOD.replace('1', '"1"'), 'bad_request'],
    ['a fraction', GOOD.replace('1', '1.5'), 'bad_request'],
    ['a SKU that would be subjects', GOOD.replace('shoe', 'a.>'), 'bad_request'],
    ['a line feed and a PUB', withMore('"meta":"a\\r\\nPUB x 0\\r\\n"'), 'bad_request'],
    ['too long', GOOD + ' '.repeat(16_385 - GOOD.length), 'too_large'],
  ]
  test('that is not as HTTP would take it is refused as HTTP refuses it', async () => {
    const { client, expectRefused, expectWell } = await shop()
    for (const [what, payload, code] of rows) {
      expectRefused(await client.send('reserve', payload), code, what)
    }
    await expectWell()
  })
})

describe('a payload in MessagePack', () => {
  const good = hex('83 a3 736b75 a4 73686f65 a5 6275796572 a3 616461 a8 7175616e74697479')
  const rows: [string, Uint8Array][] = [
    ['nothing', hex('')],
    ['JSON', Buffer.from(GOOD)],
    ['cut off', good],
    ['more behind', Buffer.concat([good, hex('01 c0')])],
    ['a fraction', Buffer.concat([good, hex('cb 3ff8000000000000')])],
    ['not a number', Buffer.concat([good, hex('cb 7ff8000000000000')])],
    ['infinity', Buffer.concat([good, hex('ca 7f800000')])],
    ['an unsafe integer', Buffer.concat([good, hex('cf ffffffffffffffff')])],
    ['the lowest integer', Buffer.concat([good, hex('d3 8000000000000000')])],
    ['binary data', Buffer.concat([good, hex('c4 01 01')])],
    ['a date', Buffer.concat([good, hex('d6 ff 00000000')])],
    ['undefined', Buffer.concat([good, hex('d4 00 00')])],
    ['a record', Buffer.concat([good, hex('d4 72 40 91 a1 61 01')])],
    ['a set', Buffer.concat([good, hex('d4 73 00')])],
    ['a reserved byte', Buffer.concat([good, hex('c1')])],
    ['a key twice', hex('82 a3 736b75 a1 61 a3 736b75 a1 62')],
    ['a key that is a number', hex('81 01 01')],
    ['a key that is a map', hex('81 80 01')],
    ['__proto__', hex('81 a9 5f5f70726f746f5f5f 80')],
    ['no UTF-8', hex('81 a3 736b75 a2 c328')],
    ['an array of 4 billion', hex('dd ffffffff')],
    ['a map of 4 billion', hex('df ffffffff')],
    ['a text of 4 GB', hex('db ffffffff 61')],
    ['nested 16,000 deep', Buffer.alloc(16_000, 0x91)],
    ['a list', packr.pack([INPUT])],
    ['a text', packr.pack('x')],
    ['nil', hex('c0')],
    ['op, as in a batch', packr.pack({ ...INPUT, op: 'reserve' })],
    ['a field that is not known', packr.pack({ ...INPUT, color: 'red' })],
  ]
  test('that JSON could not say, or should not, is refused', async () => {
    const { client, expectRefused, expectWell } = await shop()
    const head = { 'Content-Type': PACK_TYPE }
    for (const [what, payload] of rows) {
      const reply = await client.send('reserve', payload, head)
      expectRefused(reply, 'bad_request', what)
      expect(reply.head['Content-Type']).toBe(PACK_TYPE)
    }
    expectRefused(await client.send('reserve', Buffer.alloc(16_385), head), 'too_large', 'too long')
    await expectWell()
  })

  test('may spend eight bytes on every integer, or make doubles of them', async () => {
    const { client } = await shop()
    for (const one of [
      '01',
      'cc 01',
      'ce 00000001',
      'd3 0000000000000001',
      'cb 3ff0000000000000',
    ]) {
      const payload = Buffer.concat([good, hex(one)])
      expect((await client.send('reserve', payload, { 'Content-Type': PACK_TYPE })).status).toBe(
        201,
      )
    }
  })
})

describe('the form of each call', () => {
  const rows: [NativeVerb, object, RegExp][] = [
    ['confirm', {}, /id/],
    ['confirm', { id: 'short' }, /id/],
    ['confirm', { id: NOBODY, quantity: 0 }, /quantity/],
    ['cancel', { id: NOBODY, quantity: 1 }, /./],
    ['extend', { id: NOBODY }, /holdMs/],
    ['return', { id: NOBODY, returnedTotal: -1 }, /returnedTotal/],
    ['get', { id: 7 }, /id/],
    ['get', { sku: 'shoe' }, /id/],
    ['sku', {}, /sku/],
    ['sku', { sku: 'a b' }, /sku/],
    ['sku', { sku: 'shoe', more: 1 }, /./],
    ['reserve', { ...INPUT, key: 'a key' }, /key/],
    ['reserve', { ...INPUT, meta: 'ü'.repeat(300) }, /meta/],
    ['batch', {}, /operations/],
    ['batch', { operations: [] }, /operations/],
    ['batch', { operations: { 0: INPUT } }, /operations/],
    ['batch', { operations: [INPUT] }, /op/],
    ['batch', { operations: [{ op: 'get' }, 7] }, /operations/],
    ['batch', { operations: [{ op: 'reserve', ...INPUT }], atomic: true }, /./],
    ['batch', { operations: Array.from({ length: 1_001 }, () => ({ op: 'get' })) }, /operations/],
  ]
  test('is held against its schema, field by field', async () => {
    const { client, expectRefused, expectWell } = await shop()
    for (const [verb, input, words] of rows) {
      for (const encoding of ENCODINGS) {
        const reply = await client.call(verb, input, encoding)
        const what = `${verb} ${JSON.stringify(input).slice(0, 80)} as ${encoding}`
        expectRefused(reply, 'bad_request', what)
        expect(reply.body.detail, what).toMatch(words)
      }
    }
    await expectWell()
  })
})

describe('headers', () => {
  test('name the encoding, one of two', async () => {
    const { client, expectRefused, expectWell } = await shop()
    const types: (string | string[])[] = [
      ...['text/plain', 'application/jsonx', 'application/json; charset=latin1', 'json', '*/*'],
      ...['application/msgpack; v=1', 'application/x-msgpack', 'application/json, text/plain'],
      [JSON_TYPE, PACK_TYPE],
      [JSON_TYPE, JSON_TYPE],
    ]
    for (const type of types) {
      const head = { 'Content-Type': type, 'X-Request-Id': 'kept-1' }
      const reply = await client.send('reserve', GOOD, head)
      expectRefused(reply, 'unsupported_media_type', String(type))
      expect(reply.body.requestId).toBe('kept-1')
    }
    for (const type of ['Application/JSON', 'application/json; charset=utf-8']) {
      expect((await client.send('reserve', GOOD, { 'Content-Type': type })).status).toBe(201)
    }
    const loud = { 'content-type': 'Application/MsgPack' }
    const reply = await client.send('reserve', packr.pack(INPUT), loud)
    expect(reply).toMatchObject({ status: 201, head: { 'Content-Type': PACK_TYPE } })
    expect((await client.send('reserve', GOOD, { 'Content-Type': '' })).status).toBe(415)
    await expectWell()
  })

  test('give the answer its request id, when it is sane', async () => {
    const { client } = await shop()
    const idOf = async (ids: string | string[] = []) =>
      (await client.send('reserve', GOOD, { 'X-Request-Id': ids })).head['X-Request-Id']
    expect(await idOf('order-7.a_B')).toBe('order-7.a_B')
    for (const bad of ['', 'a b', 'ü', 'x'.repeat(65), 'a,b', ['one', 'two']]) {
      expect(await idOf(bad)).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/)
    }
    expect(await idOf()).not.toBe(await idOf())
  })

  test('say how long the caller waits, or nothing: anything else is refused and named', async () => {
    const { app, client, expectRefused, expectWell } = await shop()
    const timeouts = ['0', '60001', '1.5', '-1', 'soon', ['5', '5']]
    for (const timeout of timeouts) {
      const reply = await client.send('reserve', GOOD, { 'request-timeout-ms': timeout })
      expectRefused(reply, 'bad_request', String(timeout))
      expect(reply.body.detail).toContain('Request-Timeout-Ms')
    }
    app.journal.hold()
    const keyed = withMore('"key":"k"')
    const late = await client.send('reserve', keyed, { 'Request-Timeout-Ms': '400' })
    expect(late.body).toMatchObject({ status: 504, code: 'outcome_unknown' })
    const operations = `{"operations":[${withMore('"op":"reserve","key":"l"')}]}`
    const lateBatch = await client.send('batch', operations, { 'Request-Timeout-Ms': '400' })
    expect(lateBatch.body.results).toMatchObject([{ status: 504, code: 'outcome_unknown' }])
    app.journal.letGo()
    const again = await client.send('reserve', keyed, { 'Request-Timeout-Ms': '60000' })
    expect(again).toMatchObject({ status: 200, head: { 'Idempotent-Replayed': 'true' } })
    // A trace that is none is no reason to refuse.
    expect((await client.send('reserve', GOOD, { traceparent: 'nonsense' })).status).toBe(201)
    await expectWell()
  })

  test('that no client would send are refused, and the connection lives on', async () => {
    const { server, client, expectRefused, expectWell } = await shop()
    const raw = await RawNats.connect(server)
    const rows: [string, string[], ProblemCode][] = [
      ['a blank in a name', ['bad name: x'], 'bad_request'],
      ['a name that is no ASCII', ['ü: x'], 'bad_request'],
      ['two kilobytes too many', [`A: ${'x'.repeat(6_000)}`], 'headers_too_large'],
      [
        'ten thousand names',
        Array.from({ length: 100_000 }, (_, n) => `a${n}:`),
        'headers_too_large',
      ],
    ]
    for (const [what, headers, code] of rows) {
      const reply = createInbox()
      const answered = nextMessage(client, reply)
      await client.link.connection.flush()
      raw.publish({ subject: RESERVE, reply, payload: GOOD, headers })
      expectRefused(readReply(await answered), code, what)
    }
    for (const headers of [['no colon'], [': no name'], ['']]) {
      const reply = createInbox()
      const answered = nextMessage(client, reply)
      await client.link.connection.flush()
      raw.publish({ subject: RESERVE, reply, payload: GOOD, headers })
      expect(readReply(await answered).status, headers[0]).toBeLessThan(500)
    }
    await expectWell()
  })
})

describe('a reply subject', () => {
  test('that points into our own, or nowhere, gets nothing done', async () => {
    const { app, server, client, native } = await shop()
    const raw = await RawNats.connect(server)
    const stolen: string[] = []
    const spy = await nats.link(server, 'spy')
    spy.connection.subscribe('>', {
      callback: (_, { subject, data }) => {
        if (subject !== RESERVE || data.length === 0) stolen.push(subject)
      },
    })
    await spy.connection.flush()
    const replies = [
      ...['', RESERVE, `holdfast.${CLUSTER}.p.0.cmd`, 'holdfast.other.stock.0'],
      ...['$SRV.PING', '$JS.API.STREAM.NAMES', '$SYS.REQ.SERVER.PING', 'a.*', 'a.>', '>', 'a..b'],
      ...[`${native.link.inboxPrefix}.p0.1`, `${native.link.inboxPrefix}.x`, 'x'.repeat(257)],
    ]
    for (const reply of replies) raw.publish({ subject: RESERVE, reply, payload: GOOD })
    // The same connection's next call comes behind them all.
    const last = createInbox()
    const answered = nextMessage(client, last)
    await client.link.connection.flush()
    raw.publish({ subject: RESERVE, reply: last, payload: GOOD })
    expect(readReply(await answered).status).toBe(201)
    expect(await app.units(), 'only the last was executed').toEqual([999, 1, 0])
    expect(native.troubles).toHaveLength(replies.length)
    await spy.connection.flush()
    expect(stolen.filter((subject) => subject !== last)).toEqual([])
    expect(native.api.inFlight).toBe(0)
  })
})

describe('the size of an answer', () => {
  const gets = (count: number) => ({
    operations: Array.from({ length: count }, () => ({ op: 'get', id: NOBODY })),
  })

  test('is bounded before anything is executed', async () => {
    const { app, client, expectWell } = await shop('max_payload: 20000')
    const before = app.hash
    const reserve = { op: 'reserve', ...INPUT }
    const operations = (count: number) => Array.from({ length: count }, () => reserve)
    for (const encoding of ENCODINGS) {
      const { body } = await client.call('batch', { operations: operations(20) }, encoding)
      expect(body).toMatchObject({ code: 'too_large', retryable: false })
      expect(body.detail).toMatch(/fewer operations/)
    }
    expect(app.hash).toBe(before)
    const { body } = await client.call('batch', { operations: operations(19) })
    expect(body.results).toHaveLength(19)
    await expectWell()
  })

  test('lets a full batch through where nats-server takes 1 MiB', async () => {
    const { client } = await shop()
    for (const encoding of ENCODINGS) {
      const { body } = await client.call('batch', gets(1_000), encoding)
      expect(body.results).toHaveLength(1_000)
    }
  })

  test('that still does not fit is not sent, and costs no connection', async () => {
    const { app, client, native, server } = await shop('max_payload: 2100')
    const { connection } = native.link
    const info = connection.info
    if (info === undefined) throw new Error('there is a server')
    // As if the server had said so a moment after the call was taken.
    app.journal.hold()
    const raw = await RawNats.connect(server)
    raw.publish({ subject: RESERVE, reply: createInbox(), payload: GOOD })
    await expect.poll(() => native.api.inFlight).toBe(1)
    info.max_payload = 600
    app.journal.letGo()
    await expect.poll(() => native.api.inFlight).toBe(0)
    expect(native.troubles).toEqual([expect.stringMatching(/more than nats-server takes/)])
    info.max_payload = 2_100
    expect((await client.call('reserve', INPUT)).status).toBe(201)
  })

  test('a request larger than its call takes is told so', async () => {
    const { client, expectRefused, expectWell } = await shop('max_payload: 4000000')
    const fits = JSON.stringify(gets(1)).padEnd(2 ** 20)
    expect((await client.send('batch', fits)).status).toBe(200)
    expectRefused(await client.send('batch', `${fits} `), 'too_large', 'a batch')
    const nils = Buffer.alloc(2 ** 20 + 1, 0xc0)
    const head = { 'Content-Type': PACK_TYPE }
    expectRefused(await client.send('batch', nils, head), 'too_large', 'a packed batch')
    await expectWell()
  })
})

function nextMessage({ link }: NativeClient, subject: string) {
  return new Promise<Parameters<typeof readReply>[0]>((resolve) => {
    link.connection.subscribe(subject, { max: 1, callback: (_, message) => resolve(message) })
  })
}
