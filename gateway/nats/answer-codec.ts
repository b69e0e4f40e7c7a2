// Answers as positional arrays, [code, …fields]. What the asker knows from its own command is not sent back.
import type { Command } from '../../core/command.ts'
import { unreachable } from '../../core/invariant.ts'
import type { DueHold, ReservationStateName, ReservationView, SkuView } from '../../core/outcome.ts'
import type { Refusal, RefusalCode } from '../../core/refusal.ts'
import type { ReservationId } from '../../core/reservation-id.ts'
import { decodeRules, encodeRules, FieldReader, type Plain } from '../../journal/event-codec.ts'
import type { PartitionStatus } from '../owner-status.ts'
import type { Answer, FaultCode } from '../partition-port.ts'
import { encodeOwner, readOwner } from './owner-codec.ts'

/** A reservation just made: everything else stands in the command. */
const RESERVED = 1
const RESERVATION = 2
const SKU = 3
const PAGE = 4
const PARTITION = 5
const REFUSAL = 6
const FAULT = 7
const HOLDS = 8

const STATES: readonly ReservationStateName[] = ['held', 'confirmed', 'cancelled', 'expired']
/** What every refusal carries besides its code, in the order of its fields. */
const MEMBERS: Readonly<Record<RefusalCode, readonly string[]>> = {
  unknown_sku: [],
  unknown_reservation: [],
  other_buyer: [],
  key_reused: [],
  stock_required: [],
  stock_fixed: [],
  sku_limit: [],
  stock_limit: [],
  adjustment_limit: [],
  sale_closed: [],
  sale_paused: [],
  reservation_expired: [],
  already_cancelled: [],
  already_confirmed: [],
  not_confirmed: [],
  rules_contradict: ['contradiction'],
  sale_not_open: ['opensAt'],
  hold_limit: ['maxHoldMs'],
  buyer_limit: ['limit', 'used'],
  sold_out: ['available', 'heldUnits', 'final'],
  quantity_too_large: ['limit'],
  insufficient_available: ['available'],
}
const FAULTS: readonly FaultCode[] = [
  'busy',
  'disk_low',
  'draining',
  'partition_unavailable',
  'outcome_unknown',
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
    case 'holds':
      return [HOLDS, answer.holds.map(encodeHold)]
    case 'partition':
      return encodePartition(answer)
    case 'refusal':
      return [REFUSAL, answer.code, ...MEMBERS[answer.code].map((name) => memberOf(answer, name))]
    case 'fault':
      return [FAULT, answer.code]
    default:
      return unreachable(answer)
  }
}

/** The answer to `command` that `value` encodes. @throws TypeError that says what is wrong with it. */
export function readAnswer(value: unknown, command: Command): Answer {
  const answer = decode(new FieldReader(value as Plain), command)
  if (!isAnswerTo(command, answer)) {
    throw new TypeError(`a ${command.kind} is not answered by this ${answer.kind}`)
  }
  return answer
}

function decode(reader: FieldReader, command: Command): Answer {
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
      return { kind: 'skus', skus: readList(reader.next(), readSku), next }
    }
    case HOLDS:
      return { kind: 'holds', holds: readList(reader.next(), readHold) }
    case PARTITION:
      return readPartition(reader)
    case REFUSAL:
      return readRefusal(reader)
    case FAULT:
      return readFault(reader)
    default:
      throw new TypeError(`unknown answer code ${code}`)
  }
}

// An answer of another kind would be a bug to whoever asked; one about something else would tell him a stranger's.
function isAnswerTo(command: Command, answer: Answer): boolean {
  switch (answer.kind) {
    case 'reservation':
      return 'id' in command && isSameId(command.id, answer.id)
    case 'sku':
      return 'sku' in command && command.kind !== 'reserve' && command.sku === answer.sku
    case 'skus':
      return command.kind === 'list-skus' && answer.skus.length <= command.limit
    case 'holds':
      return command.kind === 'list-due' && answer.holds.length <= command.limit
    case 'partition':
      return command.kind === 'describe'
    default:
      return true
  }
}

function isSameId(left: ReservationId, right: ReservationId): boolean {
  return (
    left.skuHash === right.skuHash &&
    left.high === right.high &&
    left.middle === right.middle &&
    left.low === right.low
  )
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

function encodeHold({ id, sku, buyer, quantity, reservedAt, expiresAt }: DueHold): Plain[] {
  const { skuHash, high, middle, low } = id
  return [skuHash, high, middle, low, sku, buyer, quantity, reservedAt, expiresAt]
}

function readHold(reader: FieldReader): DueHold {
  return {
    id: reader.id(),
    sku: reader.text(),
    buyer: reader.text(),
    quantity: reader.integer(),
    reservedAt: reader.integer(),
    expiresAt: reader.integer(),
  }
}

function readList<Item>(items: Plain, read: (reader: FieldReader) => Item): Item[] {
  if (!Array.isArray(items)) throw new TypeError('expected a list')
  return items.map((item) => read(new FieldReader(item)))
}

function encodePartition(view: PartitionStatus): Plain[] {
  const { lastSeq, lastAt, skus, reservations, held, accounts, stateBytes, stateHash } = view
  const counts = [skus, reservations, held, accounts, stateBytes]
  const owner = view.owner === undefined ? null : encodeOwner(view.owner)
  return [PARTITION, lastSeq, lastAt, ...counts, stateHash ?? null, owner]
}

function readPartition(reader: FieldReader): PartitionStatus {
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
    owner: readOwner(reader.next()),
  }
}

function memberOf(refusal: Refusal, name: string): Plain {
  return ((refusal as unknown as Record<string, Plain>)[name] ?? null) as Plain
}

function readRefusal(reader: FieldReader): Refusal {
  const code = reader.text()
  if (!isRefusalCode(code)) throw new TypeError('unknown refusal')
  const refusal: Record<string, Plain> = { kind: 'refusal', code }
  for (const name of MEMBERS[code]) refusal[name] = readMember(reader, name)
  return refusal as unknown as Refusal
}

function readMember(reader: FieldReader, name: string): Plain {
  if (name === 'final') return reader.boolean()
  return name === 'contradiction' ? reader.text() : reader.integer()
}

function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(MEMBERS, code)
}

function readFault(reader: FieldReader): Answer {
  const text = reader.text()
  const code = FAULTS.find((known) => known === text)
  if (code === undefined) throw new TypeError('unknown fault')
  return { kind: 'fault', code } as Answer
}
