// Commands on the wire: every one comes through unchanged, and nothing gets through that HTTP would refuse.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Command } from '../../../core/command.ts'
import { fnv1a32 } from '../../../core/fnv1a32.ts'
import { commandBytesMax, encodeCommand, readCommand } from '../../../gateway/nats/command-codec.ts'
import type { Plain } from '../../../journal/event-codec.ts'
import { packr } from '../../../journal/message-pack.ts'
import { anyCommand } from '../../fixtures/any-command.ts'
import {
  adjust,
  amend,
  cancel,
  confirm,
  extend,
  giveBack,
  open,
  readReservation,
  readSku,
  reserve,
} from '../../fixtures/commands.ts'
import { propertyTest } from '../../fixtures/seed.ts'

const overTheWire = (command: Command) => packr.unpack(packr.pack(encodeCommand(command)))

describe('every command', () => {
  propertyTest(
    'comes through unchanged',
    fc.property(anyCommand, (command) => {
      expect(readCommand(overTheWire(command))).toEqual(command)
    }),
    2_000,
  )

  propertyTest(
    'takes no more bytes than were reckoned with',
    fc.property(anyCommand, (command) => {
      const bytes = packr.pack(encodeCommand(command)).length
      expect(bytes).toBeLessThanOrEqual(commandBytesMax(command))
    }),
    2_000,
  )

  test('with its longest values takes no more bytes than were reckoned with', () => {
    const sku = 's'.repeat(64)
    const longest = [
      { ...reserve('k', 1_000_000, { sku, buyer: 'b'.repeat(64) }), holdMs: 604_800_000 },
      reserve('k', 1_000_000, { sku, buyer: 'b'.repeat(64), meta: 'm'.repeat(512) }),
      confirm('k', 1_000_000, '\u{1f600}'.repeat(128)),
      confirm('k', 1_000_000, '€'.repeat(128)),
      { ...adjust(-1_000_000_000, 'k'.repeat(255), '€'.repeat(200), sku), by: 'b'.repeat(64) },
      { ...open(1_000_000_000, fullRules, sku), by: 'b'.repeat(64) },
      { ...amend(fullRules, sku), by: 'b'.repeat(64) },
    ]
    for (const command of longest) {
      const bytes = packr.pack(encodeCommand(command)).length
      expect(bytes).toBeLessThanOrEqual(commandBytesMax(command))
      expect(readCommand(overTheWire(command))).toEqual(command)
    }
  })
})

const TIME_MAX = 253_402_300_799_999
const fullRules = {
  unitPrice: 1_000_000_000_000,
  currency: 'EUR',
  holdMs: 604_800_000,
  maxHoldMs: 604_800_000,
  perBuyer: 1_000_000,
  opensAt: TIME_MAX - 1,
  closesAt: TIME_MAX,
  paused: true,
}

/** A good command of each kind, and for each of its fields values that it must not have. */
const NAMES = ['', 'a b', 'a.b', 'a>', '*', 'ünder', 'a\n', 'a\u0000', 'x'.repeat(65)]
const UNITS = [0, -1, 1_000_001, 2 ** 31, 2 ** 53]
const HOLDS = [0, 999, 604_800_001, -1_000]
const TIMES = [-1, TIME_MAX + 1]
const WORDS = [2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53]
const TEXTS = ['a\u0000', 'a\u001f', 'a\u007f', 'a\u0085', 'a\ud800', '\udc00b']
const optional = (values: readonly unknown[]): readonly unknown[] => [...values, undefined]
const id = [WORDS, WORDS, WORDS, WORDS]
const idOfSku = [[...WORDS, fnv1a32('hat')], WORDS, WORDS, WORDS]

/** What no field of any command may be, unless it is named here: null only where a field is optional. */
const NEVER: readonly unknown[] = [
  ...[Number.NaN, Number.POSITIVE_INFINITY, -0, 1.5, 5n, 2n ** 63n, -1n],
  ...[[], [1], [[[]]], {}, { a: 1 }, new Map([[1, 2]]), new Date(), Buffer.from('shoe'), /a/],
]

interface Row {
  readonly good: Command
  readonly wrong: readonly (readonly unknown[])[]
  /** Positions of fields that may be null. */
  readonly optional: readonly number[]
}

const TABLE: Readonly<Record<string, Row>> = {
  open: {
    good: { ...open(5), by: 'eve' },
    wrong: [NAMES, [-1, 1_000_000_001, 2 ** 53], [], NAMES],
    optional: [2, 4],
  },
  amend: {
    good: { ...amend({ paused: true }), by: 'eve' },
    wrong: [NAMES, [], NAMES],
    optional: [3],
  },
  adjust: {
    good: { ...adjust(5, 'k'), by: 'eve' },
    wrong: [
      NAMES,
      ['', 'a b', 'ü', 'a\n', 'k'.repeat(256)],
      [0, 1_000_000_001, -1_000_000_001],
      [...TEXTS, '', 'r'.repeat(201), '\u{1f600}'.repeat(201), `r${'\u0301'.repeat(200)}`],
      NAMES,
    ],
    optional: [5],
  },
  reserve: {
    good: reserve('k', 1, { holdMs: 5_000, meta: 'm' }),
    wrong: [
      ...idOfSku,
      [...NAMES, 'hat'],
      NAMES,
      UNITS,
      HOLDS,
      [...TEXTS, 'm'.repeat(513), '€'.repeat(171), 'ß'.repeat(257), '\u{1f600}'.repeat(129)],
    ],
    optional: [8, 9],
  },
  confirm: {
    good: confirm('k', 1, 'p'),
    wrong: [
      ...id,
      UNITS,
      [...TEXTS, '', 'p'.repeat(129), '\u{1f600}'.repeat(129), `p${'\u0301'.repeat(128)}`],
    ],
    optional: [5, 6],
  },
  cancel: { good: cancel('k', 'ada'), wrong: [...id, NAMES], optional: [5] },
  extend: { good: extend('k', 5_000, 'ada'), wrong: [...id, HOLDS, NAMES], optional: [6] },
  return: { good: giveBack('k', 1), wrong: [...id, UNITS], optional: [5] },
  'read-reservation': { good: readReservation('k', 'ada'), wrong: [...id, NAMES], optional: [5] },
  'read-sku': { good: readSku(), wrong: [NAMES], optional: [] },
  'list-skus': {
    good: { kind: 'list-skus', after: 'shoe', limit: 10 },
    wrong: [NAMES, [0, -1, 1_001]],
    optional: [1],
  },
  'list-due': { good: { kind: 'list-due', limit: 20 }, wrong: [[0, -1, 101]], optional: [] },
  describe: { good: { kind: 'describe', withHash: true }, wrong: [[0, 1]], optional: [] },
}

function withField(good: Command, position: number, value: unknown): unknown[] {
  const wire: unknown[] = encodeCommand(good)
  wire[position] = value
  return wire
}

const RULES: readonly (readonly unknown[])[] = [
  [-1, 1_000_000_000_001],
  ['', 'eur', 'EURO', 'EU', 'ÄÖÜ', 'EUR\n'],
  optional(HOLDS),
  optional(HOLDS),
  UNITS,
  TIMES,
  TIMES,
  [0, 1, undefined],
]

describe.each(Object.entries(TABLE))('a %s', (_kind, { good, wrong, optional: nullable }) => {
  test('is read', () => {
    expect(readCommand(encodeCommand(good))).toEqual(good)
  })

  test('with a field out of bounds, of another type or of none is refused', () => {
    const fields = encodeCommand(good).length - 1
    expect(wrong, 'every field has its row').toHaveLength(fields)
    for (let position = 1; position <= fields; position++) {
      const swapped = typeof encodeCommand(good)[position] === 'string' ? [5, true] : ['5', '']
      const absent = nullable.includes(position) ? [] : [null, undefined]
      for (const value of [...(wrong[position - 1] ?? []), ...NEVER, ...swapped, ...absent]) {
        const wire = withField(good, position, value)
        expect(readCommand(wire), `field ${position}: ${String(value)}`).toBeUndefined()
      }
    }
  })

  test('without its last field, or with one more, is refused', () => {
    const wire = encodeCommand(good)
    expect(readCommand(wire.slice(0, -1))).toBeUndefined()
    for (const more of [null, 0, 'a', []]) expect(readCommand([...wire, more])).toBeUndefined()
  })
})

describe('rules', () => {
  const good = open(5, fullRules)
  const rules = encodeCommand(good)[3] as Plain[]
  const withRules = (changed: readonly unknown[]) => withField(good, 3, changed)

  test('with a field out of bounds, of another type or of none are refused', () => {
    RULES.forEach((wrong, position) => {
      for (const value of [...wrong, ...NEVER, typeof rules[position] === 'string' ? 5 : '5']) {
        const changed = rules.with(position, value as Plain)
        expect(readCommand(withRules(changed)), `${position}: ${String(value)}`).toBeUndefined()
      }
    })
    expect(readCommand(withRules(rules.slice(0, -1)))).toBeUndefined()
    expect(readCommand(withRules([...rules, null]))).toBeUndefined()
  })

  test('that contradict each other are refused', () => {
    expect(readCommand(withRules(rules.with(3, 604_799_999))), 'hold > max').toBeUndefined()
    expect(readCommand(withRules(rules.with(6, TIME_MAX - 1))), 'closes = opens').toBeUndefined()
    expect(readCommand(withRules(rules.with(6, 0))), 'closes < opens').toBeUndefined()
    expect(readCommand(withRules(rules))).toEqual(good)
  })
})

describe('a change of rules', () => {
  const good = amend(fullRules)
  const places = encodeCommand(good)[2] as Plain[]
  const withPlaces = (changed: readonly unknown[]) => readCommand(withField(good, 2, changed))

  test('may name each alone, and take away those that may be absent', () => {
    const names = Object.keys(fullRules) as (keyof typeof fullRules)[]
    names.forEach((name, at) => {
      const alone = places.map((place, other) => (other === at ? place : []))
      expect(withPlaces(alone), name).toEqual(amend({ [name]: fullRules[name] }))
      const isOptional = !['holdMs', 'maxHoldMs', 'paused'].includes(name)
      const without = withPlaces(places.with(at, [null]))
      expect(without, name).toEqual(isOptional ? amend({ ...fullRules, [name]: null }) : undefined)
    })
  })

  test('out of bounds, of another type, of too many places or of none is refused', () => {
    RULES.forEach((wrong, at) => {
      for (const value of [...wrong, ...NEVER]) {
        if (value === undefined) continue
        expect(withPlaces(places.with(at, [value as Plain])), `${at}: ${value}`).toBeUndefined()
      }
      for (const place of [null, fullRules.holdMs, [1, 2], 'x']) {
        expect(withPlaces(places.with(at, place)), `${at}: ${place}`).toBeUndefined()
      }
    })
    expect(withPlaces(places.slice(0, -1))).toBeUndefined()
    expect(withPlaces([...places, []])).toBeUndefined()
    expect(withPlaces(places.map(() => []))).toBeUndefined()
  })
})

describe('what is no command', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 3],
    ['a text', 'reserve'],
    ['an object', { 0: 9, 1: 'shoe', length: 2 }],
    ['a map', new Map([[0, 9]])],
    ['an empty array', []],
    ['a code that nobody knows', [0, 'shoe']],
    ['a code beyond the last', [14, 'shoe']],
    ['a code as text', ['9', 'shoe']],
    ['a code as BigInt', [9n, 'shoe']],
    ['no number for a code', [Number.NaN, 'shoe']],
    ['an array for a code', [[9], 'shoe']],
    ['an array around a command', [[9, 'shoe']]],
  ])('%s is refused', (_what, value) => {
    expect(readCommand(value)).toBeUndefined()
  })
})
