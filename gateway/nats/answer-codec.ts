// Answers as positional arrays, [code, …fields]. What the asker knows from its own command is not sent back.
import type { Command } from '../../core/command.ts'
import { unreachable } from '../../core/invariant.ts'
import type {
  PartitionView,
  ReservationStateName,
  ReservationView,
  SkuView,
} from '../../core/outcome.ts'
import type { Refusal } from '../../core/refusal.ts'
import { decodeRules, encodeRules, FieldReader, type Plain } from '../../journal/event-codec.ts'
import { PROBLEMS } from '../api/problems.ts'
import type { Answer } from '../partition-port.ts'

/** A reservation just made: everything else stands in the command. */
const RESERVED = 1
const RESERVATION = 2
const SKU = 3
const PAGE = 4
const PARTITION = 5
const REFUSAL = 6
const FAULT = 7

const STATES: readonly ReservationStateName[] = ['held', 'confirmed', 'cancelled', 'expired']
/** The members that refusals carry, in the order of their fields. */
const MEMBERS: readonly string[] = [
  ...['opensAt', 'maxHoldMs', 'limit', 'used', 'available', 'heldUnits', 'final'],
]

/** The answer as an array. */
export function encodeAnswer(answer: Answer): Plain[] {
  switch (answer.kind) {
    case 'reservation':
      return answer.isNew
        ? [RESERVED, answer.expiresAt ?? null, answer.remaining, answer.seq]
        : encodeReservation(answer)
    case 'sku':
      return [SKU, ...encodeSku(answer)]
    case 'skus':
      return [PAGE, answer.next ?? null, answer.skus.map(encodeSku)]
    case 'partition':
      return encodePartition(answer)
    case 'refusal':
      return [REFUSAL, answer.code, ...MEMBERS.map((name) => memberOf(answer, name))]
    case 'fault':
      return [FAULT, answer.code]
    default:
      return unreachable(answer)
  }
}

/** The answer to `command` that `value` encodes. @throws TypeError that says what is wrong with it. */
export function readAnswer(value: unknown, command: Command): Answer {
  const reader = new FieldReader(value as Plain)
  const code = reader.integer()
  switch (code) {
    case RESERVED:
      return readReserved(reader, command)
    case RESERVATION:
      return readReservation(reader)
    case SKU:
      return readSku(reader)
    case PAGE: {
      const next = reader.optionalText()
      return { kind: 'skus', skus: readList(reader.next()), next }
    }
    case PARTITION:
      return readPartition(reader)
    case REFUSAL:
      return readRefusal(reader)
    case FAULT:
      return { kind: 'fault', code: knownCode(reader.text()) } as Answer
    default:
      throw new TypeError(`unknown answer code ${code}`)
  }
}

function encodeReservation(view: ReservationView): Plain[] {
  const { skuHash, high, middle, low } = view.id
  return [
    RESERVATION,
    view.isReplay,
    skuHash,
    high,
    middle,
    low,
    view.sku,
    view.buyer,
    view.quantity,
    STATES.indexOf(view.state),
    view.confirmed,
    view.returned,
    view.expiresAt ?? null,
    view.endedAt ?? null,
    view.remaining,
    view.seq,
  ]
}

function readReserved(reader: FieldReader, command: Command): ReservationView {
  if (command.kind !== 'reserve') throw new TypeError('only a reserve makes a reservation')
  return {
    kind: 'reservation',
    isNew: true,
    isReplay: false,
    id: command.id,
    sku: command.sku,
    buyer: command.buyer,
    quantity: command.quantity,
    state: 'held',
    confirmed: 0,
    returned: 0,
    expiresAt: reader.optionalInteger(),
    endedAt: undefined,
    remaining: reader.integer(),
    seq: reader.integer(),
  }
}

function readReservation(reader: FieldReader): ReservationView {
  return {
    kind: 'reservation',
    isNew: false,
    isReplay: reader.boolean(),
    id: reader.id(),
    sku: reader.text(),
    buyer: reader.text(),
    quantity: reader.integer(),
    state: stateOf(reader.integer()),
    confirmed: reader.integer(),
    returned: reader.integer(),
    expiresAt: reader.optionalInteger(),
    endedAt: reader.optionalInteger(),
    remaining: reader.integer(),
    seq: reader.integer(),
  }
}

function stateOf(index: number): ReservationStateName {
  const state = STATES[index]
  if (state === undefined) throw new TypeError(`unknown reservation state ${index}`)
  return state
}

function encodeSku(view: SkuView): Plain[] {
  const { stock, available, held, sold, seq, at } = view
  const units = [stock, available, held, sold]
  return [view.isNew, view.isReplay, view.sku, ...units, encodeRules(view.rules), seq, at]
}

function readSku(reader: FieldReader): SkuView {
  return {
    kind: 'sku',
    isNew: reader.boolean(),
    isReplay: reader.boolean(),
    sku: reader.text(),
    stock: reader.integer(),
    available: reader.integer(),
    held: reader.integer(),
    sold: reader.integer(),
    rules: decodeRules(reader.next()),
    seq: reader.integer(),
    at: reader.integer(),
  }
}

function readList(skus: Plain): SkuView[] {
  if (!Array.isArray(skus)) throw new TypeError('a page is a list of SKUs')
  return skus.map((sku) => readSku(new FieldReader(sku)))
}

function encodePartition(view: PartitionView): Plain[] {
  const { lastSeq, lastAt, skus, reservations, held, accounts, stateBytes, stateHash } = view
  const counts = [skus, reservations, held, accounts, stateBytes]
  return [PARTITION, lastSeq, lastAt, ...counts, stateHash ?? null]
}

function readPartition(reader: FieldReader): PartitionView {
  return {
    kind: 'partition',
    lastSeq: reader.integer(),
    lastAt: reader.integer(),
    skus: reader.integer(),
    reservations: reader.integer(),
    held: reader.integer(),
    accounts: reader.integer(),
    stateBytes: reader.integer(),
    stateHash: reader.optionalText(),
  }
}

function memberOf(refusal: Refusal, name: string): Plain {
  return ((refusal as unknown as Record<string, Plain>)[name] ?? null) as Plain
}

function readRefusal(reader: FieldReader): Refusal {
  const code = knownCode(reader.text())
  const members = MEMBERS.map((name) => [name, reader.next()]).filter(([, value]) => value !== null)
  return { kind: 'refusal', code, ...Object.fromEntries(members) } as unknown as Refusal
}

function knownCode(code: string): keyof typeof PROBLEMS {
  if (!Object.hasOwn(PROBLEMS, code)) throw new TypeError('unknown code')
  return code as keyof typeof PROBLEMS
}
