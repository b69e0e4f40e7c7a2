// What travels to a server: operations on reservations, which share batches, and calls on SKUs, which go alone.
// Members that are undefined are absent.

/** Holds units. The key makes every repeat name the same reservation, so it is never left out. */
interface ReserveOperation {
  readonly op: 'reserve'
  readonly key: string
  readonly sku: string
  readonly buyer: string
  readonly quantity: number
  readonly holdMs: number | undefined
  readonly meta: string | undefined
}

interface ConfirmOperation {
  readonly op: 'confirm'
  readonly id: string
  readonly quantity: number | undefined
  readonly paymentId: string | undefined
}

interface CancelOperation {
  readonly op: 'cancel'
  readonly id: string
}

interface ExtendOperation {
  readonly op: 'extend'
  readonly id: string
  readonly holdMs: number
}

interface ReturnOperation {
  readonly op: 'return'
  readonly id: string
  readonly returnedTotal: number | undefined
}

interface GetOperation {
  readonly op: 'get'
  readonly id: string
}

/** One operation of a batch, as `POST /v1/batch` takes it. */
export type Operation =
  | ReserveOperation
  | ConfirmOperation
  | CancelOperation
  | ExtendOperation
  | ReturnOperation
  | GetOperation

/** What a SKU is sold by; what is left out gets the server's default. Times in ms since 1970. */
export interface SkuTerms {
  /** Units for sale; only at creation. */
  readonly stock?: number | undefined
  /** In minor units of `currency`. */
  readonly unitPrice?: number | undefined
  /** ISO 4217. */
  readonly currency?: string | undefined
  /** How long a hold lasts when the buyer does not say, in ms. */
  readonly holdMs?: number | undefined
  /** The longest a hold may last in all, in ms. */
  readonly maxHoldMs?: number | undefined
  /** The most units, held and sold together, that one buyer may have. */
  readonly perBuyer?: number | undefined
  readonly opensAt?: number | undefined
  readonly closesAt?: number | undefined
  readonly paused?: boolean | undefined
}

/** Which rules become what: those left out stay, null takes one away. Times in ms since 1970. */
export interface RulesChange {
  readonly unitPrice?: number | null | undefined
  readonly currency?: string | null | undefined
  readonly holdMs?: number | undefined
  readonly maxHoldMs?: number | undefined
  readonly perBuyer?: number | null | undefined
  /** An instant that is past opens at once. */
  readonly opensAt?: number | null | undefined
  /** An instant that is past closes at once. */
  readonly closesAt?: number | null | undefined
  readonly paused?: boolean | undefined
}

/** `GET /v1/skus/{sku}`. */
interface LookUpSku {
  readonly op: 'look-up-sku'
  readonly sku: string
}

/** `PUT /v1/skus/{sku}`. */
interface OpenSku {
  readonly op: 'open-sku'
  readonly sku: string
  readonly terms: SkuTerms
}

/** `PATCH /v1/skus/{sku}`. */
interface AmendSku {
  readonly op: 'amend-sku'
  readonly sku: string
  readonly changes: RulesChange
}

/** `POST /v1/skus/{sku}/stock`. */
interface AdjustStock {
  readonly op: 'adjust-stock'
  readonly sku: string
  readonly key: string
  readonly delta: number
  readonly reason: string
}

export type SkuCall = LookUpSku | OpenSku | AmendSku | AdjustStock

/** Anything that one method of the client asks for. */
export type ClientRequest = Operation | SkuCall

/** Whether a request goes alone instead of in a batch. */
export function isSkuCall(request: ClientRequest): request is SkuCall {
  return 'sku' in request && request.op !== 'reserve'
}

/** Whether a request can change anything: what was only read cannot have happened by mistake. */
export function isChange(request: ClientRequest): boolean {
  return request.op !== 'get' && request.op !== 'look-up-sku'
}
