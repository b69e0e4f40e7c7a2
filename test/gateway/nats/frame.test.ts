// Frames: whole, or not at all. Strangers' bytes of any kind become a word for the log and nothing else.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Command } from '../../../core/command.ts'
import type { SkuView } from '../../../core/outcome.ts'
import { partitionOfSku } from '../../../core/partition-of.ts'
import { encodeAnswer } from '../../../gateway/nats/answer-codec.ts'
import {
  type AnswerFrame,
  type CommandFrame,
  type CommandNote,
  encodeAnswerFrame,
  encodeCommandFrame,
  FRAME_VERSION,
  readAnswerFrame,
  readCommandFrame,
  travelsAlone,
} from '../../../gateway/nats/frame.ts'
import { encodeHello } from '../../../gateway/nats/hello.ts'
import { FRAME_BYTES_MAX, FRAME_COMMANDS_MAX } from '../../../gateway/nats/limits.ts'
import type { Answer } from '../../../gateway/partition-port.ts'
import type { Plain } from '../../../journal/event-codec.ts'
import { packr } from '../../../journal/message-pack.ts'
import { anyCommand } from '../../fixtures/any-command.ts'
import { cancel, idOf, open, readSku, reserve, START } from '../../fixtures/commands.ts'
import { propertyTest, randomTest } from '../../fixtures/seed.ts'

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const OWN = { partition: 0, partitionCount: 1 }
const FRAME: CommandFrame = {
  ...{ ...OWN, epoch: 3, sender: 'Gate_way-1', number: 7, sentAtMs: 1_234, dueInMs: 5_000 },
  commands: [reserve('k', 2, { meta: 'for her' }), cancel('k'), readSku()],
  notes: [
    { index: 0, dueInMs: 250, traceparent: null },
    { index: 2, dueInMs: null, traceparent: TRACEPARENT },
  ],
}
const GOOD_NOTES = [
  [0, 250, null],
  [2, null, TRACEPARENT],
]
const ANSWERS: AnswerFrame = {
  ...OWN,
  epoch: 3,
  number: 7,
  answers: [[7, 'busy']],
  stageMicros: [1, 2, 3],
}

/** The frame as an array, with one field changed. */
function commandFields(position: number, value: unknown): unknown[] {
  const fields: unknown[] = packr.unpack(encodeCommandFrame(FRAME))
  fields[position] = value
  return fields
}
/** Some note on every command but each third, of each kind. */
function noteOn(index: number): CommandNote[] {
  const dueInMs = index % 2 === 0 ? 60_000 - index : null
  const traceparent = dueInMs === null || index % 4 === 0 ? TRACEPARENT : null
  return index % 3 === 2 ? [] : [{ index, dueInMs, traceparent }]
}
const LOOK_UP = [9, 'shoe']
const PAGE = [10, null, 10]
const read = (value: unknown) => readCommandFrame(packr.pack(value), OWN)

describe('a frame of commands', () => {
  propertyTest(
    'comes through unchanged',
    fc.property(
      fc.array(
        anyCommand.filter((command) => !travelsAlone(command)),
        { minLength: 1, maxLength: 20 },
      ),
      fc.record({
        epoch: fc.maxSafeNat(),
        sender: fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/),
        number: fc.maxSafeNat(),
        sentAtMs: fc.maxSafeNat(),
        dueInMs: fc.nat({ max: 60_000 }),
      }),
      (commands, head) => {
        const notes = commands.flatMap((_, index) => noteOn(index))
        const frame = { ...OWN, ...head, commands, notes }
        expect(readCommandFrame(encodeCommandFrame(frame), OWN)).toEqual(frame)
      },
    ),
    300,
  )

  test.each<[string, number, unknown]>([
    ['a partition that is none', 1, -1],
    ['a partition as text', 1, '0'],
    ['a count of none', 2, 0],
    ['a count beyond all', 2, 10_000],
    ['an epoch below all', 3, -1],
    ['an epoch beyond exact numbers', 3, 2 ** 53],
    ['an epoch that is a BigInt', 3, 3n],
    ['no sender', 4, ''],
    ['a sender with a dot', 4, 'a.b'],
    ['a sender with a line break', 4, 'a\n'],
    ['a sender that is too long', 4, 's'.repeat(33)],
    ['a number below all', 5, -1],
    ['a fraction of a number', 5, 7.5],
    ['no number', 5, Number.NaN],
    ['a time below all', 6, -1],
    ['an endless time', 6, Number.POSITIVE_INFINITY],
    ['a deadline below all', 7, -1],
    ['a deadline beyond the longest', 7, 60_001],
    ['no list of commands', 8, null],
    ['a map of commands', 8, { 0: [9, 'shoe'] }],
    ['no commands', 8, []],
    ['too many commands', 8, Array.from({ length: FRAME_COMMANDS_MAX + 1 }, () => [9, 'shoe'])],
    ['a command that is none', 8, [[9, 'shoe'], null]],
    ['one bad command after good ones', 8, [LOOK_UP, LOOK_UP, [9, 'sh oe']]],
    ['a page of SKUs among others', 8, [LOOK_UP, PAGE]],
    ['a list of holds among others', 8, [LOOK_UP, [13, 10]]],
    ['two pages of SKUs', 8, [PAGE, PAGE]],
    ['no notes', 9, null],
    ['a map of notes', 9, { 0: [0, 1, null] }],
    ['a note that is none', 9, [[0, 1, null], null]],
    ['a note with a field too few', 9, [[0, 1]]],
    ['a note with a field too many', 9, [[0, 1, null, null]]],
    ['a note on nothing', 9, [[null, 1, null]]],
    ['a note on a command before all', 9, [[-1, 1, null]]],
    ['a note on a command behind all', 9, [[3, 1, null]]],
    ['a note on half a command', 9, [[0.5, 1, null]]],
    ['a note that says nothing', 9, [[0, null, null]]],
    ['a deadline of a note below all', 9, [[0, -1, null]]],
    ['a deadline of a note beyond the longest', 9, [[0, 60_001, null]]],
    ['a deadline of a note as text', 9, [[0, '1', null]]],
    ['a trace with large letters', 9, [[0, null, TRACEPARENT.toUpperCase()]]],
    ['a trace of another version', 9, [[0, null, TRACEPARENT.replace('00', '01')]]],
    ['a trace with a line break', 9, [[0, null, `${TRACEPARENT}\n`]]],
    ['a trace without an id', 9, [[0, null, `00-${'0'.repeat(32)}-b7ad6b7169203331-01`]]],
    ['a bad note after good ones', 9, [...GOOD_NOTES.slice(0, 1), [1, 60_001, null]]],
    ['notes out of order', 9, [...GOOD_NOTES].reverse()],
    ['two notes on one command', 9, [GOOD_NOTES[0], GOOD_NOTES[0]]],
    [
      'more notes than commands',
      9,
      Array.from({ length: FRAME_COMMANDS_MAX + 1 }, (_, n) => [n, 1, null]),
    ],
  ])('with %s is malformed', (_what, position, value) => {
    expect(read(commandFields(position, value))).toBe('malformed')
  })

  test('with a field too few or too many is malformed', () => {
    const fields = commandFields(0, FRAME_VERSION)
    expect(read(fields.slice(0, -1))).toBe('malformed')
    expect(read([...fields, null])).toBe('malformed')
    expect(read(fields)).toEqual(FRAME)
  })

  test.each([0, 1, 3, 255, -1, '2', null, [1], 1n])(
    'of version %s is refused by name',
    (version) => {
      expect(read(commandFields(0, version))).toBe('version')
    },
  )

  test.each([
    ['of another partition', 1, 1],
    ['of another count', 2, 2],
  ])('%s is out of place', (_what, position, value) => {
    expect(read(commandFields(position, value))).toBe('place')
  })

  test('with a command for another partition is malformed: whoever sent it cannot count', () => {
    const own = { partition: 0, partitionCount: 3 }
    const skus = Array.from({ length: 20 }, (_, number) => `sku-${number}`)
    for (const sku of skus) {
      for (const command of [
        readSku(sku),
        open(1, {}, sku),
        { ...cancel('k'), id: idOf('k', sku) },
      ]) {
        const bytes = encodeCommandFrame({ ...FRAME, ...own, commands: [command], notes: [] })
        const result = readCommandFrame(bytes, own)
        if (partitionOfSku(sku, 3) === 0) expect(result).toMatchObject({ commands: [command] })
        else expect(result).toBe('malformed')
      }
    }
  })

  test('cut short, or with bytes behind its end, is malformed', () => {
    const bytes = Buffer.from(encodeCommandFrame(FRAME))
    for (let length = 0; length < bytes.length; length++) {
      expect(typeof readCommandFrame(bytes.subarray(0, length), OWN), `${length}`).toBe('string')
    }
    const behind = Buffer.concat([bytes, Buffer.from([0])])
    expect(readCommandFrame(behind, OWN)).toBe('malformed')
  })

  test('longer than any honest one is malformed before it is looked at', () => {
    const long = Buffer.alloc(2 * FRAME_BYTES_MAX + 1, encodeCommandFrame(FRAME))
    expect(readCommandFrame(long, OWN)).toBe('malformed')
  })

  test.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an array of four billion', Buffer.from('ddffffffff01', 'hex')],
    ['a text of four billion', Buffer.from('dbffffffff01', 'hex')],
    ['arrays in arrays without end', Buffer.alloc(1_000_000, 0x91)],
    ['long arrays in long arrays', Buffer.alloc(999_999, Buffer.from('dcffff', 'hex'))],
    ['maps in maps', Buffer.alloc(1_000_000, Buffer.from('81a161', 'hex'))],
    ['a code that MessagePack does not use', Buffer.from('c1', 'hex')],
    ['an extension type', Buffer.from('c7030501020304', 'hex')],
    ['an unknown extension type in a frame', Buffer.from('9901d40105', 'hex')],
    ['a record', Buffer.from('d4724091a16101', 'hex')],
    ['a time', packr.pack(new Date(START))],
    ['bytes', packr.pack(Buffer.from('shoe'))],
    ['an object', packr.pack({ version: 1 })],
    ['a hello', Buffer.from(encodeHello({ clusterId: '0'.repeat(32), ...OWN, epoch: 1 }))],
    ['an answer frame', Buffer.from(encodeAnswerFrame(ANSWERS))],
  ])('that is %s is malformed', (_what, bytes) => {
    expect(readCommandFrame(bytes, OWN)).toBe('malformed')
    expect(read(FRAME.commands), 'and leaves nothing behind').toBe('version')
    expect(readCommandFrame(encodeCommandFrame(FRAME), OWN)).toEqual(FRAME)
  })

  test('after a stranger has defined records, numbers are numbers still', () => {
    for (let record = 0x40; record < 0x80; record++) {
      const definition = Buffer.from([0xd4, 0x72, record, 0x91, 0xa1, 0x61, 0x01])
      readCommandFrame(definition, OWN)
      readAnswerFrame(definition)
      const commands = [reserve('k', record)]
      const frame = { ...FRAME, number: record, commands, notes: [] }
      expect(readCommandFrame(encodeCommandFrame(frame), OWN)).toEqual(frame)
    }
  })
})

describe('a frame with flipped bits', () => {
  randomTest(
    'never throws, and never gives a command that another gateway could not have sent',
    (random) => {
      for (let round = 0; round < 20_000; round++) {
        const bytes = Buffer.from(encodeCommandFrame(FRAME))
        for (let flips = random.integer(1, 3); flips > 0; flips--) {
          const at = random.integer(0, bytes.length - 1)
          bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random.integer(0, 7)), at)
        }
        const frame = readCommandFrame(bytes, OWN)
        if (typeof frame === 'string') continue
        // What was read is in bounds exactly if it is read the same once more.
        expect(readCommandFrame(encodeCommandFrame(frame), OWN)).toEqual(frame)
        for (const command of frame.commands) expectInBounds(command)
      }
    },
  )

  randomTest('of answers never throws', (random) => {
    for (let round = 0; round < 5_000; round++) {
      const bytes = Buffer.from(
        encodeAnswerFrame({
          ...ANSWERS,
          answers: [
            [7, 'busy'],
            [6, 'sold_out', 1, 2, true],
          ],
        }),
      )
      const at = random.integer(0, bytes.length - 1)
      bytes.writeUInt8(random.integer(0, 255), at)
      const frame = readAnswerFrame(bytes)
      if (typeof frame === 'object') expect(Number.isSafeInteger(frame.epoch)).toBe(true)
    }
  })
})

// By hand, so that not one and the same schema says what is asked and what is right.
function expectInBounds(command: Command): void {
  if ('sku' in command) expect(command.sku).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
  if ('quantity' in command && command.quantity !== undefined) {
    expect(Number.isInteger(command.quantity) && command.quantity >= 1).toBe(true)
    expect(command.quantity).toBeLessThanOrEqual(1_000_000)
  }
  if (command.kind !== 'reserve') return
  expect(command.buyer).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
  expect(Buffer.byteLength(command.meta ?? '')).toBeLessThanOrEqual(512)
  expect(command.meta ?? '').not.toMatch(/[\p{Cc}\p{Cs}]/u)
}

describe('a frame of answers', () => {
  test('comes through unchanged', () => {
    expect(readAnswerFrame(encodeAnswerFrame(ANSWERS))).toEqual(ANSWERS)
    for (const answers of ['malformed', 'version', 'place', 'overdue'] as const) {
      const { stageMicros: _, ...head } = ANSWERS
      const refusal = { ...head, answers }
      expect(readAnswerFrame(encodeAnswerFrame(refusal))).toEqual(refusal)
    }
  })

  test('of another version counts as a refusal only when it says so', () => {
    const refusal = packr.pack([3, 0, 1, 3, 7, 'version'])
    expect(readAnswerFrame(refusal)).toBe('version')
    for (const other of [
      [3, 0, 1, 3, 7, [[7, 'busy']], [1, 2, 3]],
      [3],
      [],
      ['version'],
      [3, 0, 1, 3, 7, 'place'],
    ]) {
      expect(readAnswerFrame(packr.pack(other)), JSON.stringify(other)).toBeUndefined()
    }
  })

  test.each<[string, unknown]>([
    ['nothing', null],
    ['an object', { answers: [] }],
    ['a field too few', [2, 0, 1, 3, 7]],
    ['a field too many', [2, 0, 1, 3, 7, [], [1, 2, 3], null]],
    ['without the times of its stages', [2, 0, 1, 3, 7, []]],
    ['a stage too few', [2, 0, 1, 3, 7, [], [1, 2]]],
    ['a stage that took less than no time', [2, 0, 1, 3, 7, [], [1, 2, -1]]],
    ['a stage without an end', [2, 0, 1, 3, 7, [], [1, 2, Number.POSITIVE_INFINITY]]],
    ['half a microsecond', [2, 0, 1, 3, 7, [], [1, 2, 0.5]]],
    ['a refusal that took time', [2, 0, 1, 3, 7, 'overdue', [1, 2, 3]]],
    ['a refusal that nobody knows', [2, 0, 1, 3, 7, 'never']],
    ['a partition that is none', [2, -1, 1, 3, 7, [], [1, 2, 3]]],
    ['an epoch beyond exact numbers', [2, 0, 1, 2 ** 53, 7, [], [1, 2, 3]]],
    ['a number as text', [2, 0, 1, 3, '7', [], [1, 2, 3]]],
    [
      'too many answers',
      [2, 0, 1, 3, 7, Array.from({ length: FRAME_COMMANDS_MAX + 1 }, () => [7]), [1, 2, 3]],
    ],
    ['a command frame', packr.unpack(encodeCommandFrame(FRAME))],
  ])('is not %s', (_what, value) => {
    expect(readAnswerFrame(packr.pack(value))).toBeUndefined()
  })

  test('is not what cannot be read', () => {
    for (const text of ['', 'noise', '\xc1']) {
      expect(readAnswerFrame(Buffer.from(text, 'latin1'))).toBeUndefined()
    }
  })

  test('has room in a message, however long the answers are', () => {
    const rules = {
      ...{ unitPrice: 1_000_000_000_000, currency: 'EUR', holdMs: 604_800_000 },
      ...{
        maxHoldMs: 604_800_000,
        perBuyer: 1_000_000,
        opensAt: START,
        closesAt: 253_402_300_799_999,
      },
      paused: true,
    }
    const units = { stock: 1e9, available: 1e9, held: 1e9, sold: 1e9 }
    const last = { seq: Number.MAX_SAFE_INTEGER, at: 253_402_300_799_999 }
    const sku = 's'.repeat(64)
    const shown = { isNew: false, isReplay: false, sku, ...units, rules, ...last }
    const skuView: SkuView = { kind: 'sku', ...shown }
    const words = { skuHash: -(2 ** 31), high: -(2 ** 31), middle: -(2 ** 31), low: -(2 ** 31) }
    const reservation: Answer = {
      ...{
        kind: 'reservation',
        isNew: false,
        isReplay: true,
        id: words,
        sku,
        buyer: 'b'.repeat(64),
      },
      ...{ quantity: 1e6, state: 'confirmed', confirmed: 1e6, returned: 1e6, expiresAt: last.at },
      ...{ endedAt: last.at, remaining: 1e9, seq: last.seq },
    }
    const refusal: Answer = {
      ...{ kind: 'refusal', code: 'sold_out', available: 1e9, heldUnits: 1e9, final: false },
    }
    const page: Answer = { kind: 'skus', skus: Array(1_000).fill(skuView), next: sku }
    const frames: Plain[][] = [
      Array(FRAME_COMMANDS_MAX).fill(encodeAnswer(reservation)),
      Array(FRAME_COMMANDS_MAX).fill(encodeAnswer(skuView)),
      Array(FRAME_COMMANDS_MAX).fill(encodeAnswer(refusal)),
      [encodeAnswer(page)],
    ]
    const bytes = frames.map((answers) => encodeAnswerFrame({ ...ANSWERS, answers }).length)
    expect(Math.max(...bytes)).toBeLessThan(2 ** 20)
    expect(Math.max(...bytes), 'what the comment of requirePayload says').toBeLessThan(400_000)
  })
})
