// One hash for a whole state: equal states have equal hashes, whatever path led to them (I4).

import type { PartitionState } from './partition-state.ts'
import { HELD } from './reservation-table.ts'
import type { SkuActor } from './sku-actor.ts'

const HIGH = 2 ** 32

/**
 * 128 bits as 32 hexadecimal digits over everything in the state. Each SKU, account, reservation and adjustment is
 * hashed by itself and the results are added, so that no order of walking shows. It finds faults, not forgers:
 * what an attacker may write is guarded by the journal's SHA-256 chain. Costs about 0.2 s per million reservations.
 */
export function stateHash(state: PartitionState): string {
  const sum = new HashSum()
  const one = new RecordHash()
  sum.add(one.start(0).number(state.lastSeq).number(state.lastAt).number(state.retentionMs))
  for (const actor of state.actors) sum.add(hashActor(one, actor))
  hashAccounts(state, sum, one)
  hashReservations(state, sum, one)
  for (const made of state.adjustments.values()) {
    one.start(4).text(made.sku).text(made.key).number(made.delta).text(made.reason)
    one.number(made.at).number(made.seq).number(made.stock).number(made.available)
    sum.add(one.number(made.held).number(made.sold))
  }
  return sum.hex()
}

function hashActor(one: RecordHash, actor: SkuActor): RecordHash {
  const { rules } = actor
  one.start(1).text(actor.sku).number(actor.index).number(actor.openingStock)
  one.number(actor.stock).number(actor.available).number(actor.held).number(actor.sold)
  one
    .number(actor.seq)
    .number(rules.unitPrice ?? -1)
    .text(rules.currency ?? '')
  one
    .number(rules.holdMs)
    .number(rules.maxHoldMs)
    .number(rules.perBuyer ?? -1)
  return one
    .number(rules.opensAt ?? -1)
    .number(rules.closesAt ?? -1)
    .number(rules.paused ? 1 : 0)
}

function hashAccounts(state: PartitionState, sum: HashSum, one: RecordHash): void {
  const { accounts } = state
  accounts.forEach((account) => {
    one.start(2).number(accounts.skuIndex(account)).text(accounts.buyer(account))
    sum.add(one.number(accounts.units(account)).number(accounts.reservations(account)))
  })
}

function hashReservations(state: PartitionState, sum: HashSum, one: RecordHash): void {
  const { reservations, accounts } = state
  for (let row = 0; row < reservations.rowLimit; row++) {
    const rowState = reservations.state(row)
    if (rowState === 0) continue
    const account = reservations.account(row)
    one.start(3).number(accounts.skuIndex(account)).number(accounts.hashOfBuyer(account))
    one
      .word(reservations.idHigh(row))
      .word(reservations.idMiddle(row))
      .word(reservations.idLow(row))
    one.word((rowState << 28) | reservations.quantity(row)).word(reservations.remaining(row))
    one.word(reservations.holdMs(row)).number(reservations.seq(row))
    one.number(reservations.reservedAt(row)).number(reservations.until(row))
    if (rowState !== HELD) {
      one.word(reservations.confirmed(row)).word(reservations.returned(row))
    }
    sum.add(one)
  }
}

/** Four lanes over the words of one record, murmur3's mixing with a different multiplier each. */
class RecordHash {
  readonly lanes: Int32Array = new Int32Array(4)

  start(kind: number): this {
    this.lanes[0] = 0x243f6a88
    this.lanes[1] = 0x85a308d3
    this.lanes[2] = 0x13198a2e
    this.lanes[3] = 0x03707344
    return this.word(kind)
  }

  word(value: number): this {
    const { lanes } = this
    lanes[0] = mix(lanes[0] as number, value, 0xcc9e2d51)
    lanes[1] = mix(lanes[1] as number, value, 0x1b873593)
    lanes[2] = mix(lanes[2] as number, value, 0x85ebca6b)
    lanes[3] = mix(lanes[3] as number, value, 0xc2b2ae35)
    return this
  }

  /** Any safe integer. */
  number(value: number): this {
    return this.word(value | 0).word(Math.floor(value / HIGH) | 0)
  }

  text(value: string): this {
    this.word(value.length)
    for (let index = 0; index < value.length; index++) this.word(value.charCodeAt(index))
    return this
  }
}

class HashSum {
  readonly #sums: Int32Array = new Int32Array(4)

  add(record: RecordHash): void {
    for (let lane = 0; lane < 4; lane++) {
      const finished = finish((record.lanes[lane] as number) ^ Math.imul(lane + 1, 0x9e3779b9))
      this.#sums[lane] = (this.#sums[lane] as number) + finished
    }
  }

  hex(): string {
    let text = ''
    for (const sum of this.#sums) text += (sum >>> 0).toString(16).padStart(8, '0')
    return text
  }
}

function mix(lane: number, value: number, multiplier: number): number {
  let word = Math.imul(value, multiplier)
  word = (word << 15) | (word >>> 17)
  const mixed = lane ^ Math.imul(word, 0x2545f491)
  return Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64
}

function finish(lane: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
