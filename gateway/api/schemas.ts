// The forms of requests and answers, as JSON Schema: validation, serialisation and the OpenAPI page share them.
import { type Static, type TSchema, Type } from '#typebox'
import {
  BUYER_LENGTH_MAX,
  HOLD_MS_MAX,
  HOLD_MS_MIN,
  KEY_LENGTH_MAX,
  META_BYTES_MAX,
  OPERATOR_LENGTH_MAX,
  PAYMENT_ID_LENGTH_MAX,
  QUANTITY_MAX,
  REASON_LENGTH_MAX,
  SKU_LENGTH_MAX,
  SKUS_PER_PAGE_MAX,
  STOCK_MAX,
  TIME_MS_MAX,
  UNIT_PRICE_MAX,
} from '../../core/limits.ts'
import { ID_PATTERN } from '../../core/reservation-id.ts'

/** Neither control characters nor lone surrogates: what cannot be stored and read back the same. */
const PRINTABLE = '^[^\\p{Cc}\\p{Cs}]*$'

/** A request of a single operation, in bytes. */
export const BODY_BYTES_MAX: number = 16 * 1024
/** A batch in bytes: a thousand operations with their longest texts. */
export const BATCH_BYTES_MAX: number = 2 ** 20
/** Operations of one batch. */
const BATCH_OPERATIONS_MAX = 1_000

const name = (maxLength: number, description: string) =>
  Type.String({ pattern: `^[A-Za-z0-9_-]{1,${maxLength}}$`, description })
const sku = name(SKU_LENGTH_MAX, 'The SKU: letters, digits, _ and -.')
const buyer = name(BUYER_LENGTH_MAX, 'Who buys: letters, digits, _ and -.')
const quantity = Type.Integer({ minimum: 1, maximum: QUANTITY_MAX, description: 'Units.' })
const holdMs = Type.Integer({
  minimum: HOLD_MS_MIN,
  maximum: HOLD_MS_MAX,
  description: 'How long a hold lasts, in ms.',
})
const instant = (description: string) =>
  Type.Integer({
    minimum: 0,
    maximum: TIME_MS_MAX,
    description: `${description}, in ms since 1970.`,
  })
const id = Type.String({ pattern: ID_PATTERN, description: 'The reservation, 26 characters.' })
const meta = Type.String({
  pattern: PRINTABLE,
  maxLength: META_BYTES_MAX,
  description: 'Any text of at most 512 bytes: journaled and exported, not answered.',
})
const paymentId = Type.String({
  pattern: PRINTABLE,
  minLength: 1,
  maxLength: PAYMENT_ID_LENGTH_MAX,
  description: 'The payment that confirms it: journaled and exported.',
})
const key = Type.String({
  pattern: `^[\\x21-\\x7e]{1,${KEY_LENGTH_MAX}}$`,
  description: 'Makes a retry name the same reservation, like Idempotency-Key.',
})
const seq = Type.String({ description: 'The answer is the state as of this event.' })
const units = (description: string) => Type.Integer({ minimum: 0, description })

const strict = { additionalProperties: false } as const

/** Its own parser has the last word; this is what the documents say of it. */
export const keyHeaders: TSchema = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description: 'Makes a retry harmless: 1 to 255 visible ASCII characters, bare or quoted.',
    }),
  ),
})

export const skuParams: TSchema = Type.Object({ sku }, strict)
export const idParams: TSchema = Type.Object({ id }, strict)

/** Every field that a command is made of, whichever way it comes: the frames between processes share these bounds. */
export const fields = {
  sku,
  buyer,
  quantity,
  holdMs,
  meta,
  paymentId,
  key,
  stock: Type.Integer({
    minimum: 0,
    maximum: STOCK_MAX,
    description: 'Units for sale; only at creation.',
  }),
  delta: Type.Integer({
    minimum: -STOCK_MAX,
    maximum: STOCK_MAX,
    not: { const: 0 },
    description: 'Units that come, or go when negative.',
  }),
  reason: Type.String({
    pattern: PRINTABLE,
    minLength: 1,
    maxLength: REASON_LENGTH_MAX,
    description: 'Why: journaled.',
  }),
  unitPrice: Type.Integer({ minimum: 0, maximum: UNIT_PRICE_MAX, description: 'In minor units.' }),
  currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217.' }),
  opensAt: instant('No reservations before'),
  closesAt: instant('No reservations from'),
  paused: Type.Boolean({ description: 'No reservations while true.' }),
  operator: name(OPERATOR_LENGTH_MAX, 'Name of a key.'),
}

export const skuBody = Type.Object(
  {
    stock: Type.Optional(fields.stock),
    unitPrice: Type.Optional(fields.unitPrice),
    currency: Type.Optional(fields.currency),
    holdMs: Type.Optional(holdMs),
    maxHoldMs: Type.Optional(holdMs),
    perBuyer: Type.Optional(quantity),
    opensAt: Type.Optional(fields.opensAt),
    closesAt: Type.Optional(fields.closesAt),
    paused: Type.Optional(fields.paused),
  },
  strict,
)

const removable = <Field extends TSchema>(field: Field) =>
  Type.Optional(Type.Union([field, Type.Null()]))

/** A JSON merge patch (RFC 7396) of the rules. */
export const rulesPatch = Type.Object(
  {
    unitPrice: removable(fields.unitPrice),
    currency: removable(fields.currency),
    holdMs: Type.Optional(holdMs),
    maxHoldMs: Type.Optional(holdMs),
    perBuyer: removable(quantity),
    opensAt: removable(fields.opensAt),
    closesAt: removable(fields.closesAt),
    paused: Type.Optional(fields.paused),
  },
  {
    ...strict,
    minProperties: 1,
    description:
      'What is left out stays; null takes a rule away. An instant that is past opens or closes at once.',
  },
)

export const stockBody = Type.Object({ delta: fields.delta, reason: fields.reason }, strict)

export const skusQuery = Type.Object(
  {
    after: Type.Optional(sku),
    limit: Type.Optional(
      Type.String({
        pattern: `^([1-9][0-9]{0,2}|${SKUS_PER_PAGE_MAX})$`,
        description: '1 to 1000.',
      }),
    ),
  },
  strict,
)

/** SKUs of one stream. */
const STREAM_SKUS_MAX = 100

/** A parameter that stands once comes as a text, one that stands several times as an array. */
export const streamQuery = Type.Object(
  {
    sku: Type.Union([sku, Type.Array(sku, { minItems: 1, maxItems: STREAM_SKUS_MAX })], {
      description: 'A SKU to watch; up to 100 of them, each by a parameter of its own.',
    }),
  },
  strict,
)

/** How many holds are listed unless the query says so. */
export const HOLDS_LISTED = 20

export const holdsQuery = Type.Object(
  {
    limit: Type.Optional(
      Type.String({ pattern: '^([1-9][0-9]?|100)$', description: '1 to 100; 20 unless said.' }),
    ),
  },
  strict,
)

/** Browsers let no page choose the headers of a WebSocket. */
export const socketQuery = Type.Object(
  {
    ...streamQuery.properties,
    lastEventId: Type.Optional(
      Type.String({ maxLength: 1_024, description: 'Resumes behind the event with this id.' }),
    ),
  },
  strict,
)

const reserveFields = {
  sku,
  buyer,
  quantity,
  holdMs: Type.Optional(holdMs),
  meta: Type.Optional(meta),
}
const confirmFields = {
  quantity: Type.Optional(quantity),
  paymentId: Type.Optional(paymentId),
}
const extendFields = { holdMs }
const returnFields = { returnedTotal: Type.Optional(quantity) }

export const reserveBody = Type.Object(reserveFields, strict)
export const confirmBody = Type.Object(confirmFields, strict)
export const cancelBody: TSchema = Type.Object({}, strict)
export const extendBody = Type.Object(extendFields, strict)
export const returnBody = Type.Object(returnFields, strict)

const operation = <Name extends string>(op: Name) => Type.Literal(op)

/** The operations of a batch by their `op`; each is validated by itself, so that each stands alone. */
export const operationSchemas = {
  reserve: Type.Object(
    { op: operation('reserve'), key: Type.Optional(key), ...reserveFields },
    strict,
  ),
  confirm: Type.Object({ op: operation('confirm'), id, ...confirmFields }, strict),
  cancel: Type.Object({ op: operation('cancel'), id }, strict),
  extend: Type.Object({ op: operation('extend'), id, ...extendFields }, strict),
  return: Type.Object({ op: operation('return'), id, ...returnFields }, strict),
  get: Type.Object({ op: operation('get'), id }, strict),
}

export const batchBody: TSchema = Type.Object(
  {
    operations: Type.Array(
      Type.Object({ op: Type.Unknown({ description: Object.keys(operationSchemas).join(', ') }) }),
      { minItems: 1, maxItems: BATCH_OPERATIONS_MAX },
    ),
  },
  strict,
)

export const reservationAnswer: TSchema = Type.Object({
  id,
  sku,
  buyer,
  quantity: units('Units asked for.'),
  state: Type.String({ description: 'held, confirmed, cancelled or expired.' }),
  confirmed: Type.Optional(units('Units sold by confirming.')),
  returned: Type.Optional(units('Sold units that came back.')),
  expiresAt: Type.Optional(instant('When the hold ends by itself')),
  endedAt: Type.Optional(instant('When it was confirmed, cancelled or expired')),
  remaining: units('Units of the SKU still available.'),
  seq,
})

export const holdsAnswer: TSchema = Type.Object({
  holds: Type.Array(
    Type.Object({
      ...{ id, sku, buyer, quantity: units('Units held.') },
      reservedAt: instant('When it was reserved'),
      expiresAt: instant('When it ends by itself'),
    }),
    { description: 'By deadline. Of very many holds only those of the next moments are listed.' },
  ),
})

export const skuAnswer: TSchema = Type.Object({
  sku,
  stock: units('available + held + sold.'),
  available: units('Units that can be reserved.'),
  held: units('Units that buyers hold.'),
  sold: units('Units that were confirmed and not returned.'),
  state: Type.String({ description: 'open, not_open, closed, paused or sold_out.' }),
  rules: Type.Omit(skuBody, ['stock']),
  seq,
})

export const skusAnswer: TSchema = Type.Object({
  skus: Type.Array(skuAnswer),
  next: Type.Optional(Type.String({ description: 'Pass it as `after` for the next page.' })),
})

/** RFC 9457, with our members; some codes carry more. */
export const problemAnswer: TSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable: switch on this.' }),
    requestId: Type.Optional(Type.String()),
    retryable: Type.Boolean({ description: 'Whether the same request may succeed later.' }),
  },
  { additionalProperties: true },
)

export const batchAnswer: TSchema = Type.Object({
  results: Type.Array(Type.Object({ status: Type.Integer() }, { additionalProperties: true }), {
    description: "One per operation, in order: the single call's status and body.",
  }),
})

export type SkuBody = Static<typeof skuBody>
export type RulesPatchBody = Static<typeof rulesPatch>
export type StockBody = Static<typeof stockBody>
export type SkusQuery = Static<typeof skusQuery>
export type StreamQuery = Static<typeof streamQuery>
export type HoldsQuery = Static<typeof holdsQuery>
export type SocketQuery = Static<typeof socketQuery>
export type ReserveBody = Static<typeof reserveBody>
export type ConfirmBody = Static<typeof confirmBody>
export type ExtendBody = Static<typeof extendBody>
export type ReturnBody = Static<typeof returnBody>
export type Operation = {
  [Name in keyof typeof operationSchemas]: Static<(typeof operationSchemas)[Name]>
}[keyof typeof operationSchemas]
