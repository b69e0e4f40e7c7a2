// Commands as positional arrays, [code, …fields]: how they travel between processes. Checked as strictly as HTTP bodies.
import { type TProperties, type TSchema, Type } from '#typebox'
import { Compile, type Validator } from '#typebox/compile'
import type { Command } from '../../core/command.ts'
import { fnv1a32 } from '../../core/fnv1a32.ts'
import { invariant, unreachable } from '../../core/invariant.ts'
import { HOLDS_PER_PAGE_MAX, META_BYTES_MAX, SKUS_PER_PAGE_MAX } from '../../core/limits.ts'
import type { ReservationId } from '../../core/reservation-id.ts'
import { type RulesPatch, rulesContradiction } from '../../core/rules.ts'
import { decodeRules, encodeRules, FieldReader, type Plain } from '../../journal/event-codec.ts'
import { fields } from '../api/schemas.ts'

const OPEN = 1
const ADJUST = 2
const RESERVE = 3
const CONFIRM = 4
const CANCEL = 5
const EXTEND = 6
const RETURN = 7
const READ_RESERVATION = 8
const READ_SKU = 9
const LIST_SKUS = 10
const DESCRIBE = 11
const AMEND = 12
const LIST_DUE = 13

const nullable = (schema: TSchema) => Type.Union([schema, Type.Null()])
const word = Type.Integer({ minimum: -(2 ** 31), maximum: 2 ** 31 - 1 })
const { sku, buyer, quantity, holdMs, key, operator } = fields
const id = [word, word, word, word]
const rules = Type.Tuple([
  nullable(fields.unitPrice),
  nullable(fields.currency),
  holdMs,
  holdMs,
  nullable(quantity),
  nullable(fields.opensAt),
  nullable(fields.closesAt),
  fields.paused,
])

/** What a change of rules may name, in its order on the wire; optional ones may become null. */
const CHANGEABLE = [
  ['unitPrice', nullable(fields.unitPrice)],
  ['currency', nullable(fields.currency)],
  ['holdMs', holdMs],
  ['maxHoldMs', holdMs],
  ['perBuyer', nullable(quantity)],
  ['opensAt', nullable(fields.opensAt)],
  ['closesAt', nullable(fields.closesAt)],
  ['paused', fields.paused],
] as const satisfies readonly (readonly [keyof RulesPatch, TSchema])[]
// An empty array for what is left out: null takes a rule away.
const changes = Type.Tuple(
  CHANGEABLE.map(([, schema]) => Type.Union([Type.Tuple([]), Type.Tuple([schema])])),
)

const forms: readonly (readonly [number, TSchema[]])[] = [
  [OPEN, [sku, nullable(fields.stock), rules, nullable(operator)]],
  [AMEND, [sku, changes, nullable(operator)]],
  [ADJUST, [sku, key, fields.delta, fields.reason, nullable(operator)]],
  [RESERVE, [...id, sku, buyer, quantity, nullable(holdMs), nullable(fields.meta)]],
  [CONFIRM, [...id, nullable(quantity), nullable(fields.paymentId)]],
  [CANCEL, [...id, nullable(buyer)]],
  [EXTEND, [...id, holdMs, nullable(buyer)]],
  [RETURN, [...id, nullable(quantity)]],
  [READ_RESERVATION, [...id, nullable(buyer)]],
  [READ_SKU, [sku]],
  [LIST_SKUS, [nullable(sku), Type.Integer({ minimum: 1, maximum: SKUS_PER_PAGE_MAX })]],
  [LIST_DUE, [Type.Integer({ minimum: 1, maximum: HOLDS_PER_PAGE_MAX })]],
  [DESCRIBE, [Type.Boolean()]],
]

const validators: ReadonlyMap<unknown, Validator<TProperties>> = new Map(
  forms.map(([code, types]) => [code, Compile(Type.Tuple([Type.Literal(code), ...types]))]),
)

/** Bytes of the longest command without its free texts. */
const FIXED_BYTES_MAX = 288
/** Bytes of UTF-8 that one UTF-16 unit can take. */
const UNIT_BYTES_MAX = 3

/** The command as an array. */
export function encodeCommand(command: Command): Plain[] {
  switch (command.kind) {
    case 'reserve': {
      const { skuHash, high, middle, low } = command.id
      const { quantity: units, holdMs: hold = null, meta = null } = command
      return [RESERVE, skuHash, high, middle, low, command.sku, command.buyer, units, hold, meta]
    }
    case 'confirm':
      return withId(CONFIRM, command.id, command.quantity ?? null, command.paymentId ?? null)
    case 'cancel':
      return withId(CANCEL, command.id, command.buyer ?? null)
    case 'extend':
      return withId(EXTEND, command.id, command.holdMs, command.buyer ?? null)
    case 'return':
      return withId(RETURN, command.id, command.returnedTotal ?? null)
    case 'read-reservation':
      return withId(READ_RESERVATION, command.id, command.buyer ?? null)
    case 'read-sku':
      return [READ_SKU, command.sku]
    case 'open': {
      const { stock = null, by = null } = command
      return [OPEN, command.sku, stock, encodeRules(command.rules), by]
    }
    case 'amend':
      return [AMEND, command.sku, encodeChanges(command.changes), command.by ?? null]
    case 'adjust': {
      const { delta, reason, by = null } = command
      return [ADJUST, command.sku, command.key, delta, reason, by]
    }
    case 'list-skus':
      return [LIST_SKUS, command.after ?? null, command.limit]
    case 'list-due':
      return [LIST_DUE, command.limit]
    case 'describe':
      return [DESCRIBE, command.withHash]
    default:
      return unreachable(command)
  }
}

/** The command that `value` encodes; undefined when it is none, or contradicts itself. */
export function readCommand(value: unknown): Command | undefined {
  const validator = Array.isArray(value) ? validators.get(value[0]) : undefined
  if (validator === undefined || !validator.Check(value) || holdsMinusZero(value)) return undefined
  const command = decode(new FieldReader(value as Plain[]))
  return isSound(command) ? command : undefined
}

/** An upper bound of the bytes that `command` takes in a frame, without encoding it. */
export function commandBytesMax(command: Command): number {
  switch (command.kind) {
    case 'reserve':
      return FIXED_BYTES_MAX + UNIT_BYTES_MAX * (command.meta?.length ?? 0)
    case 'confirm':
      return FIXED_BYTES_MAX + UNIT_BYTES_MAX * (command.paymentId?.length ?? 0)
    case 'adjust':
      return FIXED_BYTES_MAX + command.key.length + UNIT_BYTES_MAX * command.reason.length
    default:
      return FIXED_BYTES_MAX
  }
}

function encodeChanges(patch: RulesPatch): Plain[] {
  return CHANGEABLE.map(([name]) => {
    const value = patch[name]
    return value === undefined ? [] : [value]
  })
}

function withId(code: number, { skuHash, high, middle, low }: ReservationId, ...rest: Plain[]) {
  return [code, skuHash, high, middle, low, ...rest]
}

function decode(reader: FieldReader): Command {
  const code = reader.integer()
  switch (code) {
    case RESERVE:
      return {
        kind: 'reserve',
        id: reader.id(),
        sku: reader.text(),
        buyer: reader.text(),
        quantity: reader.integer(),
        holdMs: reader.optionalInteger(),
        meta: reader.optionalText(),
      }
    case CONFIRM:
      return {
        kind: 'confirm',
        id: reader.id(),
        quantity: reader.optionalInteger(),
        paymentId: reader.optionalText(),
      }
    case CANCEL:
      return { kind: 'cancel', id: reader.id(), buyer: reader.optionalText() }
    case EXTEND:
      return {
        kind: 'extend',
        id: reader.id(),
        holdMs: reader.integer(),
        buyer: reader.optionalText(),
      }
    case RETURN:
      return { kind: 'return', id: reader.id(), returnedTotal: reader.optionalInteger() }
    case READ_RESERVATION:
      return { kind: 'read-reservation', id: reader.id(), buyer: reader.optionalText() }
    default:
      return decodeOfSku(code, reader)
  }
}

function decodeOfSku(code: number, reader: FieldReader): Command {
  switch (code) {
    case READ_SKU:
      return { kind: 'read-sku', sku: reader.text() }
    case OPEN: {
      const [opened, stock] = [reader.text(), reader.optionalInteger()]
      const sold = decodeRules(reader.next())
      return { kind: 'open', sku: opened, stock, rules: sold, by: reader.optionalText() }
    }
    case AMEND: {
      const [amended, patch] = [reader.text(), decodeChanges(reader.next())]
      return { kind: 'amend', sku: amended, changes: patch, by: reader.optionalText() }
    }
    case ADJUST:
      return {
        kind: 'adjust',
        sku: reader.text(),
        key: reader.text(),
        delta: reader.integer(),
        reason: reader.text(),
        by: reader.optionalText(),
      }
    case LIST_SKUS:
      return { kind: 'list-skus', after: reader.optionalText(), limit: reader.integer() }
    case LIST_DUE:
      return { kind: 'list-due', limit: reader.integer() }
    default:
      invariant(code === DESCRIBE, 'only known codes have a form')
      return { kind: 'describe', withHash: reader.boolean() }
  }
}

function decodeChanges(places: Plain): RulesPatch {
  const patch: Record<string, Plain> = {}
  CHANGEABLE.forEach(([name], index) => {
    const [value] = (places as Plain[][])[index] ?? []
    if (value !== undefined) patch[name] = value
  })
  return patch as RulesPatch
}

// To a schema it is 0, but it would not come back the same from the journal.
function holdsMinusZero(value: unknown): boolean {
  return Array.isArray(value) ? value.some(holdsMinusZero) : Object.is(value, -0)
}

// What no schema can say.
function isSound(command: Command): boolean {
  switch (command.kind) {
    case 'reserve':
      if (command.id.skuHash !== fnv1a32(command.sku)) return false
      return command.meta === undefined || Buffer.byteLength(command.meta) <= META_BYTES_MAX
    case 'open':
      return rulesContradiction(command.rules) === undefined
    case 'amend':
      return Object.keys(command.changes).length > 0
    default:
      return true
  }
}
