// Where reservation ids come from: the same for the same key everywhere, and never by accident.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { fnv1a32 } from '../../../core/fnv1a32.ts'
import {
  formatReservationId,
  ID_PATTERN,
  parseReservationId,
} from '../../../core/reservation-id.ts'
import { idOfKey, randomId } from '../../../gateway/api/new-reservation-id.ts'

describe('the id of a key', () => {
  test('is the hash of the SKU, then 96 bits of SHA-256 over buyer, SKU and key', () => {
    const id = idOfKey('ada', 'shoe', 'order-7')
    const digest = createHash('sha256').update('ada\nshoe\norder-7').digest()
    expect(id).toEqual({
      skuHash: fnv1a32('shoe'),
      high: digest.readInt32BE(0),
      middle: digest.readInt32BE(4),
      low: digest.readInt32BE(8),
    })
  })

  test('never changes: a client may retry across releases', () => {
    expect(formatReservationId(idOfKey('ada', 'shoe', 'order-7'))).toBe(
      '4V8Z635GAZKMD0Z84NW2T54BQ6',
    )
  })

  test('is another for another buyer, SKU or key', () => {
    const ids = [
      idOfKey('ada', 'shoe', 'k'),
      idOfKey('bob', 'shoe', 'k'),
      idOfKey('ada', 'hat', 'k'),
      idOfKey('ada', 'shoe', 'K'),
    ]
    expect(new Set(ids.map(formatReservationId)).size).toBe(4)
  })
})

describe('a random id', () => {
  test('is a fresh one each time, well formed, and of its SKU', () => {
    const ids = Array.from({ length: 2_000 }, () => randomId('shoe'))
    const texts = ids.map(formatReservationId)
    expect(new Set(texts).size).toBe(2_000)
    for (const [index, text] of texts.entries()) {
      expect(text).toMatch(new RegExp(ID_PATTERN))
      expect(parseReservationId(text)).toEqual(ids[index])
      expect(ids[index]?.skuHash).toBe(fnv1a32('shoe'))
    }
  })
})
