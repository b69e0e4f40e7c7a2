// The strict reader of MessagePack: gives back what JSON could say, and refuses all else as what it is.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RequestProblem } from '../../../gateway/api/problem-body.ts'
import { readMessagePack, writeMessagePack } from '../../../gateway/nats/native-message-pack.ts'
import { packr } from '../../../journal/message-pack.ts'
import { propertyTest, randomTest } from '../../fixtures/seed.ts'

// The other library renames that key; that ours is not fooled by it has a test of its own.
const plain = fc
  .jsonValue({ depthSize: 'medium', maxDepth: 20 })
  .filter((value) => !json(value).includes('__proto__'))
/** By its JSON, because what is read has no prototypes. */
const json = (value: unknown) => JSON.stringify(value)
const ends = [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]

propertyTest(
  'gives back all that JSON can say',
  fc.property(plain, (value) => {
    expect(json(readMessagePack(packr.pack(value)))).toBe(json(value))
    expect(json(packr.unpack(writeMessagePack({ value })))).toBe(json({ value }))
  }),
  300,
)

test('at the ends of every width', () => {
  const numbers = [...ends, ...ends.map((number) => -number), -32, -33, -128, -129, -(2 ** 31), 0.1]
  const texts = [0, 31, 32, 255, 256, 65_535, 65_536].map((length) => 'x'.repeat(length))
  const arrays = [15, 16, 65_535, 65_536].map((length) => new Array<number>(length).fill(7))
  for (const value of [...numbers, ...texts, ...arrays, true, false, null, 'é🎟\u0000']) {
    expect(json(readMessagePack(packr.pack(value)))).toBe(json(value))
  }
  for (const count of [0, 15, 16, 65_535]) {
    const entries = Array.from({ length: count }, (_, index) => [`k${index}`, index] as const)
    const map = Object.fromEntries(entries)
    expect(json(readMessagePack(packr.pack(map)))).toBe(json(map))
  }
  for (const [bytes, value] of [
    ['d0ff', -1],
    ['d18000', -32_768],
    ['d280000000', -(2 ** 31)],
    ['d3ffffffffffffffff', -1],
    ['cf0000000000000007', 7],
    ['ca3fc00000', 1.5],
  ] as const) {
    expect(readMessagePack(Buffer.from(bytes, 'hex'))).toBe(value)
  }
})

test('a member that has no value is not written, as in JSON', () => {
  const value = { a: undefined, b: { c: undefined, d: null }, e: [{ f: undefined }] }
  expect(packr.unpack(writeMessagePack(value))).toStrictEqual({ b: { d: null }, e: [{}] })
})

test('__proto__ is a member like any other', () => {
  const value = readMessagePack(Buffer.from('81a95f5f70726f746f5f5f81a16101', 'hex')) as object
  expect(Object.keys(value)).toEqual(['__proto__'])
  expect(({} as { a?: number }).a).toBeUndefined()
})

test('nests as deep as JSON may, and no deeper', () => {
  expect(json(readMessagePack(Buffer.from(`${'91'.repeat(31)}90`, 'hex')))).toHaveLength(64)
  expect(() => readMessagePack(Buffer.from(`${'91'.repeat(32)}90`, 'hex'))).toThrow(/too deeply/)
})

test.each([
  ['a1 61 c0', /more behind/],
  ['82 a1 61 01 a1 61 01', /a key stands twice/],
  ['82 a1 61 01 d9 01 61 01', /a key stands twice/],
  ['82 a9 5f5f70726f746f5f5f 01 a9 5f5f70726f746f5f5f 01', /a key stands twice/],
  ['81 01 01', /keys of its maps must be text/],
  ['a2 c328', /UTF-8/],
  ['a3 eda080', /UTF-8/],
  ['81 a1 ff 01', /UTF-8/],
  ['cb 7ff8000000000000', /finite/],
  ['ca 7f800000', /finite/],
  ['cb fff0000000000000', /finite/],
  ['c4 00', /binary data and extension types/],
  ['d4 00 00', /binary data and extension types/],
  ['d6 ff 00000000', /binary data and extension types/],
  ['c1', /binary data and extension types/],
  ['', /cut off/],
  ['a2 61', /cut off/],
  ['cd 01', /cut off/],
  ['92 01', /cut off/],
  ['81 a1 61', /cut off/],
  ['dd ffffffff', /cut off/],
  ['db ffffffff', /cut off/],
])('%s is refused in words of its own', (bytes, words) => {
  const read = () => readMessagePack(Buffer.from(bytes.replaceAll(' ', ''), 'hex'))
  expect(read).toThrow(RequestProblem)
  expect(read).toThrow(words)
})

randomTest('bytes at random are read or refused, and nothing else', (random) => {
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.alloc(random.integer(0, 24))
    for (let index = 0; index < bytes.length; index++) bytes[index] = random.integer(0, 255)
    try {
      readMessagePack(bytes)
    } catch (error) {
      expect(error, bytes.toString('hex')).toBeInstanceOf(RequestProblem)
    }
  }
})
