// Texts of order files as ids, and back.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromLegalId, toLegalId } from '../../../gateway/drive/legal-id.ts'

const LEGAL = /^[A-Za-z0-9_-]{1,64}$/
const anyText = fc.string({ minLength: 1, maxLength: 90, unit: 'grapheme' })

test.each(['85123A', '15056bl', 'gift_0001_40', 'a'.repeat(64)])('leaves %s as it is', (text) => {
  expect(toLegalId(text)).toBe(text)
})

test.each([
  ['BANK CHARGES', 'x--BANK_20CHARGES'],
  ['a_b c', 'x--a_5Fb_20c'],
  ['é', 'x--_C3_A9'],
  ['x--a', 'x--x--a'],
  ['h--a', 'x--h--a'],
])('escapes %j', (text, id) => {
  expect(toLegalId(text)).toBe(id)
  expect(fromLegalId(id)).toBe(text)
})

test('escapes a legal text that starts like ids the caller hands out itself', () => {
  expect(toLegalId('guest-7', 'guest-')).toBe('x--guest-7')
  expect(fromLegalId('x--guest-7')).toBe('guest-7')
})

test('shortens long texts to a readable hash, which only a table turns back', () => {
  const id = toLegalId(`white hanging heart ${'é'.repeat(60)}`)
  expect(id).toMatch(/^h--white-hanging-heart-+[0-9a-f]{32}$/)
  expect(fromLegalId(id)).toBeUndefined()
})

test('makes every text a legal id that leads back to it', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const id = toLegalId(text)
      expect(id).toMatch(LEGAL)
      expect([text, undefined]).toContain(fromLegalId(id))
      if (text.length < 5) expect(fromLegalId(id)).toBe(text)
    }),
  )
})

test('never gives two texts one id', () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyText, { maxLength: 20 }), (texts) => {
      const ids = texts.map((text) => toLegalId(text))
      expect(new Set(ids).size).toBe(texts.length)
    }),
  )
})
