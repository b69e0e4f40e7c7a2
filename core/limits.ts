// Every bound of the model, in one place; their relations are asserted when the module loads.
import { invariant } from './invariant.ts'

export const SKU_LENGTH_MAX = 64
export const BUYER_LENGTH_MAX = 64
/** Of the name of an operator's key. */
export const OPERATOR_LENGTH_MAX = 64
export const KEY_LENGTH_MAX = 255
export const META_BYTES_MAX = 512
export const REASON_LENGTH_MAX = 200
export const PAYMENT_ID_LENGTH_MAX = 128

/** Units in one reservation; the largest real order line we know of asks for 80,995. */
export const QUANTITY_MAX = 1_000_000
/** Units of one SKU; keeps every counter a small integer. */
export const STOCK_MAX = 1_000_000_000
/** Minor currency units; far below 2^53. */
export const UNIT_PRICE_MAX = 1_000_000_000_000
export const SKUS_MAX = 1_000_000
export const SKUS_PER_PAGE_MAX = 1_000
/** Holds in one list of those that expire next. */
export const HOLDS_PER_PAGE_MAX = 100
/** Holds that are looked at for such a list: a millisecond or two, however many there are. */
export const HOLDS_LOOKED_AT_MAX = 20_000
/** Stock adjustments whose keys are remembered at once, over all SKUs of a partition. */
export const ADJUSTMENTS_MAX = 100_000

export const HOLD_MS_MIN = 1_000
export const HOLD_MS_MAX: number = 7 * 24 * 3_600_000
export const HOLD_MS_DEFAULT: number = 15 * 60_000
export const MAX_HOLD_MS_DEFAULT = 3_600_000
export const RETENTION_MS_MIN = 60_000
export const RETENTION_MS_MAX: number = 366 * 24 * 3_600_000
export const RETENTION_MS_DEFAULT: number = 24 * 3_600_000
/** The last instant a clock may name: the end of the year 9999. */
export const TIME_MS_MAX = 253_402_300_799_999

/** Events of one block: about 300 kB encoded, one commit. */
export const BLOCK_EVENTS_MAX = 4_096
/** Commands that wait for their turn; one more is answered `busy`. */
export const INBOX_MAX = 65_536
/** Answers that wait for the disk; at this many, commands stay in the inbox. */
export const ANSWERS_MAX = 65_536
/** Ended reservations dropped per event, so that forgetting never pauses selling. */
export const FORGET_PER_EVENT_MAX = 16
/** The width of one slot of the due wheel. */
export const DUE_TICK_MS = 16

invariant(HOLD_MS_MIN > DUE_TICK_MS, 'a new hold never falls into the slot being expired')
invariant(HOLD_MS_MAX < 2 ** 31, 'a hold fits a signed word')
invariant(QUANTITY_MAX < 2 ** 28, 'a quantity leaves four bits of its word for the state')
invariant(STOCK_MAX < 2 ** 31, 'a counter fits a signed word')
invariant(RETENTION_MS_MIN > DUE_TICK_MS, 'a forgotten row is never still due')
invariant(FORGET_PER_EVENT_MAX > 1, 'forgetting keeps up with ending')
