// The whole life of reservations: most are paid for, the others given back or forgotten until they expire.

/** Of 100 reservations 86 are paid for; the rest is given back or expires, half and half. */
const CONFIRMED_UNTIL = 0.86
const CANCELLED_UNTIL = 0.93
/** How many later reservations are made before one ends. */
const HOLDS_BETWEEN = 1_000

export type Fate = 'confirmed' | 'cancelled' | 'expired'

/** What becomes of reservation `index`. */
export function fateOf(index: number): Fate {
  const chance = (Math.imul(index, 0x9e3779b1) >>> 0) / 2 ** 32
  if (chance < CONFIRMED_UNTIL) return 'confirmed'
  return chance < CANCELLED_UNTIL ? 'cancelled' : 'expired'
}

export interface LifeStep {
  readonly kind: 'reserve' | 'confirm' | 'cancel'
  /** Number of the reservation. */
  readonly index: number
}

/** What is asked for in the life of `count` reservations, in order; nobody asks for an expiry. */
export function* wholeLife(count: number): Generator<LifeStep> {
  for (let index = 0; index < count + HOLDS_BETWEEN; index++) {
    if (index < count) yield { kind: 'reserve', index }
    const ending = index - HOLDS_BETWEEN
    if (ending < 0 || ending >= count) continue
    const fate = fateOf(ending)
    if (fate === 'confirmed') yield { kind: 'confirm', index: ending }
    if (fate === 'cancelled') yield { kind: 'cancel', index: ending }
  }
}
