// Fields by name, held against each other: what a difference of two states is made of.
import type { SaleRules } from '../../core/rules.ts'

type FieldValue = string | number | boolean | undefined

/** Flat fields in the order in which they are compared. */
export type Fields = Readonly<Record<string, FieldValue>>

/** One field that is not the same on both sides. */
export interface StateDifference {
  /** Whose field, like `sku lamp` or `buyer ann of lamp`; undefined for the partition's own. */
  readonly subject: string | undefined
  /** `presence` where only one side has the subject at all. */
  readonly field: string
  readonly left: FieldValue
  readonly right: FieldValue
}

/** What everybody who knows a SKU can tell of it. */
export interface SkuCounters {
  readonly stock: number
  readonly available: number
  readonly held: number
  readonly sold: number
  readonly seq: number
  readonly rules: SaleRules
}

/** The counters and rules of a SKU as flat fields. */
export function counterFields({ stock, available, held, sold, seq, rules }: SkuCounters): Fields {
  return {
    ...{ stock, available, held, sold },
    'rules.unitPrice': rules.unitPrice,
    'rules.currency': rules.currency,
    'rules.holdMs': rules.holdMs,
    'rules.maxHoldMs': rules.maxHoldMs,
    'rules.perBuyer': rules.perBuyer,
    'rules.opensAt': rules.opensAt,
    'rules.closesAt': rules.closesAt,
    'rules.paused': rules.paused,
    seq,
  }
}

/** The first field of `subject` that differs, undefined when none does. Both sides name the same fields. */
export function firstDifference(
  subject: string | undefined,
  left: Fields,
  right: Fields,
): StateDifference | undefined {
  const field = Object.keys(left).find((name) => left[name] !== right[name])
  return field === undefined
    ? undefined
    : { subject, field, left: left[field], right: right[field] }
}

/** The difference of a subject that only one side has. */
export function onlyOn(side: 'left' | 'right', subject: string): StateDifference {
  const [left, right] = side === 'left' ? ['present', 'absent'] : ['absent', 'present']
  return { subject, field: 'presence', left, right }
}

/** A difference in words: `sku lamp: held 3 ≠ 4`. */
export function differenceWords({ subject, field, left, right }: StateDifference): string {
  const whose = subject === undefined ? '' : `${subject}: `
  return `${whose}${field} ${left ?? 'none'} ≠ ${right ?? 'none'}`
}
