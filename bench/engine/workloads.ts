// What the engine is given to do: commands made beforehand, and what must have become of them.
import type { Command, Reserve } from '../../core/command.ts'
import { invariant } from '../../core/invariant.ts'
import { reserve, SKUS } from '../reserves.ts'
import { fateOf, type LifeStep, wholeLife } from '../whole-life.ts'
import { zipfSequence } from '../zipf.ts'

export type WorkloadName = 'zipf' | 'hot' | 'life'

export interface Workload {
  readonly skus: number
  readonly holdMs: number
  readonly commands: readonly Command[]
  /** The clock in ms since 1970, when so many commands were handed in. */
  readonly now: (submitted: number) => number
  /** Units that must be sold and held at the end. */
  readonly sold: number
  readonly held: number
  /** Events beside the openings. */
  readonly events: number
}

const ZIPF = { kinds: SKUS, exponent: 1, seed: 20_261_127 }
const HOLD_MS = 900_000
/** In the whole life time runs by itself, so that a second passes within the run and holds do expire. */
const LIFE_HOLD_MS = 1_000
const LIFE_START = Date.UTC(2026, 10, 27, 20)
const LIFE_COMMANDS_PER_MS = 100

/** One unit each, of SKUs by Zipf's law: what the limits and the peers' crowds are given, too. */
export function zipfReserves(count: number): Reserve[] {
  const skus = zipfSequence({ ...ZIPF, count })
  return Array.from(skus, (sku, index) => reserve(index, sku))
}

/** A workload of `count` reservations. */
export function workload(name: WorkloadName, count: number): Workload {
  if (name === 'life') return lifeOf(count)
  const commands =
    name === 'zipf' ? zipfReserves(count) : Array.from({ length: count }, (_, i) => reserve(i, 0))
  const skus = name === 'zipf' ? SKUS : 1
  const now = () => Date.now()
  return { skus, holdMs: HOLD_MS, commands, now, sold: 0, held: count, events: count }
}

function lifeOf(count: number): Workload {
  const reserves = zipfReserves(count)
  const commands = Array.from(wholeLife(count), (step) => commandOf(step, reserves))
  const fates = reserves.map((_, index) => fateOf(index))
  return {
    ...{ skus: SKUS, holdMs: LIFE_HOLD_MS, commands },
    now: (submitted) => LIFE_START + Math.floor(submitted / LIFE_COMMANDS_PER_MS),
    ...{ sold: fates.filter((fate) => fate === 'confirmed').length, held: 0, events: 2 * count },
  }
}

function commandOf({ kind, index }: LifeStep, reserves: readonly Reserve[]): Command {
  const made = reserves[index]
  invariant(made !== undefined, 'every step is one of a reservation')
  if (kind === 'reserve') return made
  const { id } = made
  if (kind === 'cancel') return { kind, id, buyer: undefined }
  return { kind, id, quantity: undefined, paymentId: undefined }
}
