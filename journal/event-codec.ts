// Events as positional arrays: [type, ms since the block's first event, …fields]. New fields are only appended.
import type { Event } from '../core/event.ts'
import { unreachable } from '../core/invariant.ts'
import type { ReservationId } from '../core/reservation-id.ts'
import type { SaleRules } from '../core/rules.ts'

/** A value that a journal may hold: what every MessagePack reader knows. */
export type Plain = null | boolean | number | string | Plain[]

const CONFIGURED = 1
const OPENED = 2
const CHANGED = 3
const ADJUSTED = 4
const RESERVED = 5
const CONFIRMED = 6
const CANCELLED = 7
const EXPIRED = 8
const EXTENDED = 9
const RETURNED = 10

/** The event as an array; `blockAt` is the time of the block's first event, in ms since 1970. */
export function encodeEvent(event: Event, blockAt: number): Plain[] {
  const since = event.at - blockAt
  switch (event.kind) {
    case 'reserved': {
      const { skuHash, high, middle, low } = event.id
      const { sku, buyer, quantity, holdMs, meta } = event
      return [
        RESERVED,
        since,
        skuHash,
        high,
        middle,
        low,
        sku,
        buyer,
        quantity,
        holdMs,
        meta ?? null,
      ]
    }
    case 'confirmed':
      return withId(CONFIRMED, since, event.id, event.quantity, event.paymentId ?? null)
    case 'cancelled':
      return withId(CANCELLED, since, event.id)
    case 'expired':
      return withId(EXPIRED, since, event.id)
    case 'extended':
      return withId(EXTENDED, since, event.id, event.holdMs)
    case 'returned':
      return withId(RETURNED, since, event.id, event.returnedTotal)
    case 'opened':
      return by([OPENED, since, event.sku, event.stock, encodeRules(event.rules)], event.by)
    case 'changed':
      return by([CHANGED, since, event.sku, encodeRules(event.rules)], event.by)
    case 'adjusted':
      return by([ADJUSTED, since, event.sku, event.key, event.delta, event.reason], event.by)
    case 'configured':
      return [CONFIGURED, since, event.retentionMs]
    default:
      return unreachable(event)
  }
}

/** The event that `fields` encodes. Throws a TypeError that says what is wrong with them. */
export function decodeEvent(fields: Plain, blockAt: number): Event {
  const reader = new FieldReader(fields)
  const type = reader.integer()
  const at = blockAt + reader.integer()
  switch (type) {
    case RESERVED:
      return {
        kind: 'reserved',
        at,
        id: reader.id(),
        sku: reader.text(),
        buyer: reader.text(),
        quantity: reader.integer(),
        holdMs: reader.integer(),
        meta: reader.optionalText(),
      }
    case CONFIRMED:
      return {
        kind: 'confirmed',
        at,
        id: reader.id(),
        quantity: reader.integer(),
        paymentId: reader.optionalText(),
      }
    case CANCELLED:
      return { kind: 'cancelled', at, id: reader.id() }
    case EXPIRED:
      return { kind: 'expired', at, id: reader.id() }
    case EXTENDED:
      return { kind: 'extended', at, id: reader.id(), holdMs: reader.integer() }
    case RETURNED:
      return { kind: 'returned', at, id: reader.id(), returnedTotal: reader.integer() }
    default:
      return decodeOperatorEvent(type, at, reader)
  }
}

function decodeOperatorEvent(type: number, at: number, reader: FieldReader): Event {
  switch (type) {
    case OPENED: {
      const [sku, stock, rules] = [reader.text(), reader.integer(), decodeRules(reader.next())]
      return { kind: 'opened', at, sku, stock, rules, by: reader.optionalText() }
    }
    case CHANGED: {
      const [sku, rules] = [reader.text(), decodeRules(reader.next())]
      return { kind: 'changed', at, sku, rules, by: reader.optionalText() }
    }
    case ADJUSTED:
      return {
        kind: 'adjusted',
        at,
        sku: reader.text(),
        key: reader.text(),
        delta: reader.integer(),
        reason: reader.text(),
        by: reader.optionalText(),
      }
    case CONFIGURED:
      return { kind: 'configured', at, retentionMs: reader.integer() }
    default:
      throw new TypeError(`unknown event type ${type}`)
  }
}

/** Rules as an array, in the order of SaleRules. */
export function encodeRules(rules: SaleRules): Plain[] {
  return [
    rules.unitPrice ?? null,
    rules.currency ?? null,
    rules.holdMs,
    rules.maxHoldMs,
    rules.perBuyer ?? null,
    rules.opensAt ?? null,
    rules.closesAt ?? null,
    rules.paused,
  ]
}

/** The inverse of `encodeRules`. Throws a TypeError that says what is wrong. */
export function decodeRules(fields: Plain): SaleRules {
  const reader = new FieldReader(fields)
  return {
    unitPrice: reader.optionalInteger(),
    currency: reader.optionalText(),
    holdMs: reader.integer(),
    maxHoldMs: reader.integer(),
    perBuyer: reader.optionalInteger(),
    opensAt: reader.optionalInteger(),
    closesAt: reader.optionalInteger(),
    paused: reader.boolean(),
  }
}

// Who did it is left out where nobody said so: such events are, byte for byte, those of journals from before.
function by(fields: Plain[], operator: string | undefined): Plain[] {
  if (operator !== undefined) fields.push(operator)
  return fields
}

function withId(type: number, since: number, id: ReservationId, ...rest: Plain[]): Plain[] {
  return [type, since, id.skuHash, id.high, id.middle, id.low, ...rest]
}

/** Takes the fields of a positional array one by one and insists on their types. */
export class FieldReader {
  readonly #fields: readonly Plain[]
  #position = 0

  constructor(fields: Plain) {
    if (!Array.isArray(fields)) throw new TypeError('expected an array of fields')
    this.#fields = fields
  }

  next(): Plain {
    return this.#fields[this.#position++] ?? null
  }

  integer(): number {
    const value = this.next()
    if (typeof value === 'number' && Number.isSafeInteger(value)) return value
    throw this.#wrong('an integer')
  }

  optionalInteger(): number | undefined {
    return this.#isAbsent() ? undefined : this.integer()
  }

  text(): string {
    const value = this.next()
    if (typeof value === 'string') return value
    throw this.#wrong('a text')
  }

  optionalText(): string | undefined {
    return this.#isAbsent() ? undefined : this.text()
  }

  boolean(): boolean {
    const value = this.next()
    if (typeof value === 'boolean') return value
    throw this.#wrong('true or false')
  }

  id(): ReservationId {
    return {
      skuHash: this.#word(),
      high: this.#word(),
      middle: this.#word(),
      low: this.#word(),
    }
  }

  #word(): number {
    const value = this.integer()
    if (value === (value | 0)) return value
    throw this.#wrong('a signed 32-bit word')
  }

  #isAbsent(): boolean {
    if ((this.#fields[this.#position] ?? null) !== null) return false
    this.#position++
    return true
  }

  #wrong(expected: string): TypeError {
    return new TypeError(`field ${this.#position - 1}: expected ${expected}`)
  }
}
