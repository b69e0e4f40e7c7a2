// Every problem the gateway can answer: code, status, words. One table; docs/errors.md is compared with it.
import type { RefusalCode } from '../../core/refusal.ts'
import type { FaultCode } from '../partition-port.ts'

/** Problems of the request's form, found before any partition is asked. */
type RequestProblemCode =
  | 'bad_request'
  | 'bad_json'
  | 'bad_idempotency_key'
  | 'unauthorized'
  | 'forbidden'
  | 'rate_limited'
  | 'not_found'
  | 'request_timeout'
  | 'too_large'
  | 'unsupported_media_type'
  | 'too_many_requests'
  | 'headers_too_large'
  | 'internal_error'

export type ProblemCode = RefusalCode | FaultCode | RequestProblemCode

export interface ProblemKind {
  readonly status: number
  readonly title: string
  /** Whether the same request may succeed later; a refusal that knows better says so itself. */
  readonly isRetryable: boolean
  readonly meaning: string
}

const kind = (
  status: number,
  title: string,
  isRetryable: boolean,
  meaning: string,
): ProblemKind => ({
  status,
  title,
  isRetryable,
  meaning,
})

/** All problems by code. */
export const PROBLEMS: Readonly<Record<ProblemCode, ProblemKind>> = {
  bad_request: kind(
    400,
    'Bad request',
    false,
    'A field, parameter or header is missing, unknown or out of bounds; `detail` names it.',
  ),
  bad_json: kind(
    400,
    'Bad JSON',
    false,
    'The body is not one JSON value in UTF-8, or names a key twice.',
  ),
  bad_idempotency_key: kind(
    400,
    'Bad Idempotency-Key',
    false,
    'The key must be 1 to 255 visible ASCII characters, bare or quoted. Stock adjustments need one.',
  ),
  unauthorized: kind(
    401,
    'Unauthorized',
    false,
    'The key or token is missing, unknown, revoked, expired or malformed.',
  ),
  forbidden: kind(403, 'Forbidden', false, 'The key or token does not open this call.'),
  unknown_sku: kind(404, 'Unknown SKU', false, 'No SKU of this name was opened.'),
  unknown_reservation: kind(
    404,
    'Unknown reservation',
    false,
    'No such reservation, or it ended longer ago than `retentionMs`.',
  ),
  other_buyer: kind(403, 'Other buyer', false, "The token is not that of the reservation's buyer."),
  not_found: kind(404, 'Not found', false, 'There is nothing at this path with this method.'),
  request_timeout: kind(
    408,
    'Request timeout',
    true,
    'The request did not arrive in time. It had no effect.',
  ),
  sold_out: kind(
    409,
    'Sold out',
    false,
    'Fewer units are available than asked for. Unless `final`, holds may bring `heldUnits` back.',
  ),
  buyer_limit: kind(
    409,
    'Buyer limit reached',
    false,
    'The buyer would have more than `limit` units; `used` are held or bought already.',
  ),
  sale_not_open: kind(409, 'Sale not open', true, 'Reservations are taken from `opensAt` on.'),
  sale_closed: kind(409, 'Sale closed', false, 'Reservations are not taken any more.'),
  sale_paused: kind(409, 'Sale paused', true, 'The operator has paused the SKU.'),
  hold_limit: kind(409, 'Hold limit', false, 'A hold may last `maxHoldMs` in all.'),
  quantity_too_large: kind(
    409,
    'Quantity too large',
    false,
    'Only `limit` units are held or sold here.',
  ),
  already_confirmed: kind(
    409,
    'Already confirmed',
    false,
    'The reservation was confirmed, or with another quantity.',
  ),
  already_cancelled: kind(409, 'Already cancelled', false, 'The reservation was cancelled.'),
  not_confirmed: kind(
    409,
    'Not confirmed',
    false,
    'Only confirmed units can be returned; a hold is cancelled.',
  ),
  insufficient_available: kind(
    409,
    'Insufficient available',
    true,
    'Only units that nobody holds can be taken away.',
  ),
  stock_required: kind(409, 'Stock required', false, 'A new SKU needs its `stock`.'),
  stock_fixed: kind(
    409,
    'Stock fixed',
    false,
    '`stock` is said at creation only; change it by POST /v1/skus/{sku}/stock.',
  ),
  rules_contradict: kind(
    409,
    'Rules contradict',
    false,
    'The change would leave rules that contradict each other, as `contradiction` says.',
  ),
  stock_limit: kind(409, 'Stock limit', false, 'A SKU holds at most 1,000,000,000 units.'),
  sku_limit: kind(409, 'SKU limit', false, 'A partition holds at most 1,000,000 SKUs.'),
  adjustment_limit: kind(
    409,
    'Adjustment limit',
    true,
    'Too many adjustment keys are remembered; they are forgotten after `retentionMs`.',
  ),
  reservation_expired: kind(
    410,
    'Reservation expired',
    false,
    'The hold ended before this; its units may be sold to others.',
  ),
  too_large: kind(413, 'Too large', false, 'The body is larger than this call takes.'),
  unsupported_media_type: kind(
    415,
    'Unsupported media type',
    false,
    'Send application/json in UTF-8, not compressed.',
  ),
  key_reused: kind(422, 'Key reused', false, 'The Idempotency-Key was used for another request.'),
  too_many_requests: kind(
    429,
    'Too many requests',
    true,
    'Too many requests wait on one connection. Not executed.',
  ),
  rate_limited: kind(
    429,
    'Rate limited',
    true,
    'The key, the buyer or the address calls too often. Not executed.',
  ),
  headers_too_large: kind(
    431,
    'Headers too large',
    false,
    'The request headers exceed 8 KiB, or are more than 100.',
  ),
  internal_error: kind(
    500,
    'Internal error',
    false,
    'A bug; the server stops rather than go on with it.',
  ),
  busy: kind(
    503,
    'Busy',
    true,
    'Too many commands wait, or this one waited beyond its deadline. Not executed.',
  ),
  disk_low: kind(
    503,
    'Disk low',
    true,
    'No new reservations until the disk has room again; holds can still be confirmed. Not executed.',
  ),
  draining: kind(503, 'Draining', true, 'The server is shutting down. Not executed.'),
  partition_unavailable: kind(
    503,
    'Partition unavailable',
    true,
    'The owner of this SKU is not ready. Not executed.',
  ),
  outcome_unknown: kind(
    504,
    'Outcome unknown',
    true,
    'It may or may not have happened: the journal failed, or no answer came in time. Retry with the same key.',
  ),
}
