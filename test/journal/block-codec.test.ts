// Blocks as bytes: what is written comes back, what was changed does not come back as something else.
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { Packr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../core/event.ts'
import { completeRules } from '../../core/rules.ts'
import {
  chainHash,
  decodeBlock,
  encodeBlock,
  encodeOpening,
  NO_HASH,
} from '../../journal/block-codec.ts'
import { CRC_OFFSET, HEADER_BYTES } from '../../journal/block-header.ts'
import { JournalError } from '../../journal/errors.ts'
import { decodeEvent, encodeEvent, type Plain } from '../../journal/event-codec.ts'
import { blockAt, faultCode, IDENTITY } from '../fixtures/blocks.ts'
import { idOf, START } from '../fixtures/commands.ts'
import { propertyTest, randomTest } from '../fixtures/seed.ts'

const packr = new Packr({ useRecords: false, moreTypes: false, structuredClone: false })
const first = { epoch: 1, firstSeq: 1, previousHash: NO_HASH }

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const id = fc.record({ skuHash: word, high: word, middle: word, low: word })
const at = fc.integer({ min: 0, max: 253_402_300_799_999 })
const count = fc.integer({ min: 0, max: 1_000_000_000 })
const delta = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 })
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('__proto__', ''),
)
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })
const rules = fc.record({
  unitPrice: maybe(fc.integer({ min: 0, max: 1_000_000_000_000 })),
  currency: maybe(text),
  holdMs: count,
  maxHoldMs: count,
  perBuyer: maybe(count),
  opensAt: maybe(at),
  closesAt: maybe(at),
  paused: fc.boolean(),
})
const is = <Kind extends Event['kind']>(kind: Kind) => fc.constant(kind)
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: is('configured'), at, retentionMs: count }),
  fc.record({ kind: is('opened'), at, sku: text, stock: count, rules, by: maybe(text) }),
  fc.record({ kind: is('changed'), at, sku: text, rules, by: maybe(text) }),
  fc.record({
    ...{ kind: is('adjusted'), at, sku: text, key: text, delta, reason: text },
    by: maybe(text),
  }),
  fc.record({
    ...{ kind: is('reserved'), at, id, sku: text, buyer: text, quantity: count },
    ...{ holdMs: count, meta: maybe(text) },
  }),
  fc.record({ kind: is('confirmed'), at, id, quantity: count, paymentId: maybe(text) }),
  fc.record({ kind: is('cancelled'), at, id }),
  fc.record({ kind: is('expired'), at, id }),
  fc.record({ kind: is('extended'), at, id, holdMs: count }),
  fc.record({ kind: is('returned'), at, id, returnedTotal: count }),
)
const hexOf = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes })
const anyPosition = fc.record({
  epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  firstSeq: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  previousHash: hexOf(16).map((bytes) => Buffer.from(bytes)),
})
const anyIdentity = fc.record({
  clusterId: hexOf(16).map((bytes) => Buffer.from(bytes).toString('hex')),
  partition: fc.integer({ min: 0, max: 65_535 }),
  partitionCount: fc.integer({ min: 0, max: 65_535 }),
})

/** A block with `payload` instead of its own, or other changes, and a CRC that fits. */
function forged(payload: unknown, change: (bytes: Buffer) => void = () => undefined): Buffer {
  const packed = Buffer.isBuffer(payload) ? payload : packr.pack(payload)
  const bytes = Buffer.concat([
    encodeBlock(IDENTITY, first, blockAt(1, 1).events).bytes.subarray(0, HEADER_BYTES),
    packed,
  ])
  bytes.writeUInt32BE(packed.length, 60)
  change(bytes)
  bytes.writeUInt32BE(crc32(bytes.subarray(HEADER_BYTES), crc32(bytes.subarray(0, CRC_OFFSET))), 64)
  return bytes
}

describe('a block', () => {
  propertyTest(
    'comes back as it was written, whatever its events',
    fc.property(
      anyIdentity,
      anyPosition,
      fc.array(event, { minLength: 1 }),
      (whose, where, events) => {
        const { bytes, hash } = encodeBlock(whose, where, events)
        const block = decodeBlock(bytes, 'here')
        expect(block.events).toEqual(events)
        expect(block.header).toMatchObject({
          ...whose,
          ...where,
          count: events.length,
          kind: 0,
          version: 1,
        })
        expect([block.hash, chainHash(bytes)]).toEqual([hash, hash])
      },
    ),
    400,
  )

  propertyTest(
    'that opens a segment comes back as it was written',
    fc.property(anyIdentity, anyPosition, (whose, where) => {
      const { bytes, hash } = encodeOpening(whose, where)
      const block = decodeBlock(bytes, 'here')
      expect(block.header).toMatchObject({ ...whose, ...where, count: 0, kind: 1 })
      expect([block.events, block.hash]).toEqual([[], hash])
    }),
    50,
  )

  propertyTest(
    'of any other bytes is a fault, never an answer',
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => decodeBlock(Buffer.from(bytes), 'here')).toThrow(JournalError)
    }),
    300,
  )

  test('has a form that may not drift', () => {
    const events: Event[] = [
      { kind: 'configured', at: 1_700_000_000_000, retentionMs: 86_400_000 },
      {
        kind: 'opened',
        at: 1_700_000_000_001,
        sku: 'shoe',
        stock: 5,
        rules: completeRules({ perBuyer: 2 }),
        by: undefined,
      },
      {
        ...{ kind: 'reserved', at: 1_700_000_000_002, id: idOf('a'), sku: 'shoe', buyer: 'ada' },
        ...{ quantity: 1, holdMs: 900_000, meta: undefined },
      },
      { kind: 'confirmed', at: 1_700_000_000_003, id: idOf('a'), quantity: 1, paymentId: 'p-1' },
    ]
    const { bytes, hash } = encodeBlock(IDENTITY, first, events)
    expect(bytes.toString('hex')).toBe(
      [
        '48464a420001000000112233445566778899aabbccddeeff00000001000000010000000000000001',
        '00000004000000000000000000000000000000000000006fe2c590a495cb4278bcfe568000009301',
        '00ce05265c00950201a473686f650598c0c0ce000dbba0ce0036ee8002c0c0c29b0502d29b47cc32',
        'd2eb3df4f2d2a9b779ebd2af76dd56a473686f65a361646101ce000dbba0c0980603d29b47cc32d2',
        'eb3df4f2d2a9b779ebd2af76dd5601a3702d31',
      ].join(''),
    )
    expect(hash.toString('hex')).toBe('7f03de055b59006d283abda6fae13e62')
    expect(encodeOpening(IDENTITY, first).bytes.toString('hex')).toBe(
      [
        '48464a420001000100112233445566778899aabbccddeeff00000001000000010000000000000001',
        '000000000000000000000000000000000000000000000000dba8fc6b',
      ].join(''),
    )
  })

  test('of events from before anybody had to say who did it reads as done by nobody named', () => {
    const rules = [null, null, 2_000, 3_000, null, null, null, false]
    const fields: Plain[][] = [
      [2, 0, 'shoe', 5, rules],
      [3, 0, 'shoe', rules],
      [4, 0, 'shoe', 'k', 1, 'found'],
    ]
    for (const old of fields) {
      const event = decodeEvent(old, START)
      expect(event).toMatchObject({ by: undefined })
      expect(encodeEvent(event, START), 'and is written as it was').toEqual(old)
      const named = decodeEvent([...old, 'eve'], START)
      expect(named).toEqual({ ...event, by: 'eve' })
      expect(encodeEvent(named, START)).toEqual([...old, 'eve'])
      expect(() => decodeEvent([...old, 5], START)).toThrow(TypeError)
    }
  })

  test('is of events that came true', () => {
    expect(() => encodeBlock(IDENTITY, first, [])).toThrow('a block has at least one event')
  })

  test('has bytes of its own: LMDB keeps pointing at them', () => {
    const [left, right] = [1, 2].map((epoch) =>
      encodeBlock(IDENTITY, { ...first, epoch }, blockAt(1, 2).events),
    )
    expect(left?.bytes.buffer).not.toBe(right?.bytes.buffer)
    expect(left?.bytes.buffer.byteLength).toBe(left?.bytes.length)
  })
})

describe('damage to a block', () => {
  const { bytes } = encodeBlock(IDENTITY, first, blockAt(1, 3).events)

  test('of any single bit is found', () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) expectFound(bytes, [bit])
  })

  randomTest('of any two or three bits is found', (random) => {
    for (let round = 0; round < 4_000; round++) {
      const bits = new Set<number>()
      const size = random.integer(2, 3)
      while (bits.size < size) bits.add(random.integer(0, bytes.length * 8 - 1))
      expectFound(bytes, [...bits])
    }
  })

  test('by cutting it off anywhere is found', async () => {
    for (let length = 0; length < bytes.length; length++) {
      const code = await faultCode(() => decodeBlock(bytes.subarray(0, length), 'here'))
      expect(code, `${length} bytes`).toBe('journal_damaged')
    }
  })

  test('by bytes behind it is found', async () => {
    for (const more of [Buffer.alloc(1), Buffer.from('x'), bytes]) {
      const code = await faultCode(() => decodeBlock(Buffer.concat([bytes, more]), 'here'))
      expect(code).toBe('journal_damaged')
    }
  })

  function expectFound(whole: Buffer, bits: readonly number[]): void {
    const copy = Buffer.from(whole)
    for (const bit of bits) copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(() => decodeBlock(copy, 'here'), `bits ${bits}`).toThrow(JournalError)
  }
})

describe('a block with a checksum that fits, but nonsense in it,', () => {
  const [skuHash, high, middle, low] = [1, 2, 3, 4]
  const nonsense: [string, Buffer, string][] = [
    ['a newer version', forged([0], (bytes) => bytes.writeUInt16BE(2, 4)), 'journal_newer'],
    ['an unknown kind', forged([0], (bytes) => bytes.writeUInt16BE(2, 6)), 'journal_damaged'],
    [
      'an opening with events',
      forged([0, [1, 0, 5]], (bytes) => bytes.writeUInt16BE(1, 6)),
      'journal_damaged',
    ],
    ['more events than counted', forged([0, [1, 0, 5], [1, 0, 5]]), 'journal_damaged'],
    ['fewer events than counted', forged([0]), 'journal_damaged'],
    ['no array', forged({ at: 0 }), 'journal_damaged'],
    ['no payload', forged(Buffer.alloc(0)), 'journal_damaged'],
    [
      'something behind the payload',
      forged(Buffer.concat([packr.pack([0, [1, 0, 5]]), Buffer.from([0])])),
      'journal_damaged',
    ],
    ['half a payload', forged(packr.pack([0, [1, 0, 5]]).subarray(0, 3)), 'journal_damaged'],
    ['a time that is no number', forged(['0', [1, 0, 5]]), 'journal_damaged'],
    ['an event that is no array', forged([0, 'event']), 'journal_damaged'],
    ['an unknown type', forged([0, [11, 0, 5]]), 'journal_damaged'],
    ['a type that is no number', forged([0, ['1', 0, 5]]), 'journal_damaged'],
    ['a field too few', forged([0, [1, 0]]), 'journal_damaged'],
    ['a fraction', forged([0, [1, 0, 5.5]]), 'journal_damaged'],
    ['a number beyond 2^53', forged([0, [1, 0, 2 ** 53]]), 'journal_damaged'],
    ['a text for a number', forged([0, [1, 0, '5']]), 'journal_damaged'],
    ['a number for a text', forged([0, [4, 0, 1, 'k', 1, 'r']]), 'journal_damaged'],
    [
      'an id beyond 32 bits',
      forged([0, [7, 0, skuHash, high, middle, 2 ** 31]]),
      'journal_damaged',
    ],
    ['an id of fractions', forged([0, [7, 0, skuHash, high, middle, 0.5]]), 'journal_damaged'],
    ['rules that are none', forged([0, [3, 0, 'shoe', 'rules']]), 'journal_damaged'],
    [
      'a pause that is no truth',
      forged([0, [3, 0, 's', [null, null, 1, 1, null, null, null, 1]]]),
      'journal_damaged',
    ],
  ]
  test.each(nonsense)('%s, is a fault', async (_, bytes, code) => {
    expect(await faultCode(() => decodeBlock(bytes, 'here'))).toBe(code)
  })

  test('new fields at the end of an event, is read by a version that does not know them', () => {
    const event = [7, 5, skuHash, high, middle, low, 'from the future']
    expect(decodeBlock(forged([1_000, event]), 'here').events).toEqual([
      { kind: 'cancelled', at: 1_005, id: { skuHash, high, middle, low } },
    ])
  })

  test('says where and why', () => {
    expect(() => decodeBlock(forged([0, [99, 0]]), 'data.mdb, block 7')).toThrow(
      /^data\.mdb, block 7 is damaged: unknown event type 99\./,
    )
  })
})
