// Ids, hashes and limits: what clients and journals rely on for ever.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fnv1a32 } from '../../core/fnv1a32.ts'
import { InvariantError, invariant, unreachable } from '../../core/invariant.ts'
import * as limits from '../../core/limits.ts'
import { partitionOfReservation, partitionOfSku } from '../../core/partition-of.ts'
import {
  formatReservationId,
  ID_LENGTH,
  ID_PATTERN,
  isSameReservationId,
  parseReservationId,
} from '../../core/reservation-id.ts'
import { propertyTest } from '../fixtures/seed.ts'

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const anyId = fc.record({ skuHash: word, high: word, middle: word, low: word })
const ZERO = { skuHash: 0, high: 0, middle: 0, low: 0 }

describe('a reservation id', () => {
  propertyTest(
    'is the same after writing and reading it',
    fc.property(anyId, (id) => {
      const text = formatReservationId(id)
      expect(text).toMatch(new RegExp(ID_PATTERN))
      expect(parseReservationId(text)).toEqual(id)
    }),
    2_000,
  )

  propertyTest(
    'is written by its 128 bits as one number',
    fc.property(anyId, (id) => {
      const words = [id.skuHash, id.high, id.middle, id.low]
      const bits = words.reduce((sum, one) => (sum << 32n) | BigInt(one >>> 0), 0n)
      const digits = bits.toString(32).padStart(26, '0')
      const crockford = [...digits].map(
        (digit) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number.parseInt(digit, 32)],
      )
      expect(formatReservationId(id)).toBe(crockford.join(''))
    }),
    500,
  )

  propertyTest(
    'is nothing but the form that it is written in',
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9A-Za-z]{24,28}$/)), (text) => {
      const id = parseReservationId(text)
      expect(id === undefined).toBe(!new RegExp(ID_PATTERN).test(text))
      if (id !== undefined) expect(formatReservationId(id)).toBe(text)
    }),
    2_000,
  )

  test('has golden forms', () => {
    expect(formatReservationId(ZERO)).toBe('0'.repeat(26))
    expect(formatReservationId({ ...ZERO, low: 1 })).toBe(`${'0'.repeat(25)}1`)
    expect(formatReservationId({ skuHash: -1, high: -1, middle: -1, low: -1 })).toBe(
      `7${'Z'.repeat(25)}`,
    )
    const id = { skuHash: 0x01234567, high: -0x76543211, middle: 0x02468ace, low: 0x13579bdf }
    expect(formatReservationId(id)).toBe('014D2PF2DBSQQG4HMASR9NF6YZ')
  })

  const good = '0123456789ABCDEFGHJKMNPQRS'
  const bad: [string, string][] = [
    ['lower case', good.toLowerCase()],
    ['an I', good.replace('J', 'I')],
    ['an L', good.replace('J', 'L')],
    ['an O', good.replace('J', 'O')],
    ['a U', good.replace('J', 'U')],
    ['a hyphen', good.replace('J', '-')],
    ['a letter beyond ASCII', good.replace('J', 'É')],
    ['a letter far beyond ASCII', good.replace('J', '漢')],
    ['too little', good.slice(1)],
    ['too much', `${good}0`],
    ['nothing', ''],
    ['a first character that overflows', `8${good.slice(1)}`],
    ['a first letter', `Z${good.slice(1)}`],
    ['a line feed', `${good.slice(1)}\n`],
  ]
  test.each(bad)('is not read from %s', (_, text) => {
    expect(parseReservationId(good)).toBeDefined()
    expect(parseReservationId(text)).toBeUndefined()
  })

  test('is the same only when all words are', () => {
    expect(isSameReservationId(ZERO, { ...ZERO })).toBe(true)
    for (const name of ['skuHash', 'high', 'middle', 'low']) {
      expect(isSameReservationId(ZERO, { ...ZERO, [name]: 1 })).toBe(false)
    }
    expect(ID_LENGTH).toBe(26)
  })
})

describe('the hash of a SKU', () => {
  const golden: [string, number][] = [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ]
  test.each(golden)('of %j is the published one', (text, hash) => {
    expect(fnv1a32(text) >>> 0).toBe(hash)
    expect(fnv1a32(text)).toBe(hash | 0)
    expect(partitionOfSku(text, 7)).toBe(hash % 7)
    expect(partitionOfSku(text, 1)).toBe(0)
  })

  propertyTest(
    'sends a SKU and its reservations to the same partition',
    fc.property(fc.string(), anyId, fc.integer({ min: 1, max: 512 }), (sku, id, count) => {
      const partition = partitionOfSku(sku, count)
      expect(partition).toBeGreaterThanOrEqual(0)
      expect(partition).toBeLessThan(count)
      expect(partitionOfReservation({ ...id, skuHash: fnv1a32(sku) }, count)).toBe(partition)
    }),
    500,
  )

  test('needs a partition to go to', () => {
    expect(() => partitionOfSku('a', 0)).toThrow('at least one partition')
  })
})

describe('limits', () => {
  test('stand in the relations that the tables rely on', () => {
    expect(limits.HOLD_MS_MIN).toBeGreaterThan(limits.DUE_TICK_MS)
    expect(limits.HOLD_MS_MAX).toBeLessThan(2 ** 31)
    expect(limits.QUANTITY_MAX).toBeLessThan(2 ** 28)
    expect(limits.STOCK_MAX).toBeLessThan(2 ** 31)
    expect(limits.QUANTITY_MAX).toBeLessThanOrEqual(limits.STOCK_MAX)
    expect(limits.HOLD_MS_DEFAULT).toBeLessThanOrEqual(limits.MAX_HOLD_MS_DEFAULT)
    expect(limits.MAX_HOLD_MS_DEFAULT).toBeLessThanOrEqual(limits.HOLD_MS_MAX)
    expect(limits.RETENTION_MS_DEFAULT).toBeGreaterThanOrEqual(limits.RETENTION_MS_MIN)
    expect(limits.RETENTION_MS_DEFAULT).toBeLessThanOrEqual(limits.RETENTION_MS_MAX)
    expect(limits.TIME_MS_MAX + limits.RETENTION_MS_MAX).toBeLessThan(2 ** 53)
    expect(new Date(limits.TIME_MS_MAX).toISOString()).toBe('9999-12-31T23:59:59.999Z')
    for (const capacity of [limits.INBOX_MAX, limits.ANSWERS_MAX]) {
      expect(Math.log2(capacity) % 1).toBe(0)
    }
  })
})

test('a broken promise is told by its name', () => {
  expect(() => invariant(false, 'water is wet')).toThrow(InvariantError)
  expect(() => invariant(0, 'water is wet')).toThrow('bug: water is wet')
  expect(() => invariant('yes', 'water is wet')).not.toThrow()
  expect(() => unreachable('x' as never)).toThrow('unreachable value: x')
  expect(new InvariantError('x').code).toBe('HOLDFAST_BUG')
})
