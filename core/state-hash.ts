// One hash for a whole state: equal states have equal hashes, whatever path led to them (I4).
import type { AccountTable } from './account-table.ts'
import { finishHash } from './finish-hash.ts'
import type { PartitionState } from './partition-state.ts'
import { HELD } from './reservation-table.ts'
import type { SkuActor } from './sku-actor.ts'

const HIGH = 2 ** 32

/**
 * 128 bits as 32 hexadecimal digits over everything in the state. Each SKU, account, reservation and adjustment is
 * hashed by itself and the results are added, so that no order of walking shows. It finds faults, not forgers:
 * what an attacker may write is guarded by the journal's SHA-256 chain. Costs about 0.3 s per million reservations.
 */
export function stateHash(state: PartitionState): string {
  const sum = new HashSum()
  const scalars = new RecordHash().start(0)
  sum.add(scalars.number(state.lastSeq).number(state.lastAt).number(state.retentionMs))
  hashSkus(
    state,
    (skuIndex) => skuIndex,
    () => sum,
  )
  return sum.hex()
}

/**
 * The hash of each SKU's state by itself, by name: its counters and rules, buyers, reservations and adjustments, but
 * nothing of the partition around it. So it stays the same when a SKU moves to another partition.
 */
export function skuHashes(state: PartitionState): Map<string, string> {
  const sums = state.actors.map(() => new HashSum())
  hashSkus(
    state,
    () => 0,
    (skuIndex) => sums[skuIndex] as HashSum,
  )
  return new Map(state.actors.map(({ sku, index }) => [sku, (sums[index] as HashSum).hex()]))
}

// Every record of every SKU, added to the sum that `sumOf` gives for it; `nameOf` stands for the SKU in its records.
function hashSkus(
  state: PartitionState,
  nameOf: (skuIndex: number) => number,
  sumOf: (skuIndex: number) => HashSum,
): void {
  const one = new RecordHash()
  for (const actor of state.actors) {
    sumOf(actor.index).add(hashActor(one, actor, nameOf(actor.index)))
  }
  hashAccounts(state, one, nameOf, sumOf)
  hashReservations(state, one, nameOf, sumOf)
  for (const made of state.adjustments.values()) {
    one.start(4).text(made.sku).text(made.key).number(made.delta).text(made.reason)
    one.number(made.at).number(made.seq).number(made.stock).number(made.available)
    sumOf(state.actorOf(made.sku)?.index ?? 0).add(one.number(made.held).number(made.sold))
  }
}

function hashActor(one: RecordHash, actor: SkuActor, name: number): RecordHash {
  const { rules } = actor
  one.start(1).text(actor.sku).number(name).number(actor.openingStock)
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

function hashAccounts(
  state: PartitionState,
  one: RecordHash,
  nameOf: (skuIndex: number) => number,
  sumOf: (skuIndex: number) => HashSum,
): void {
  const { accounts } = state
  accounts.forEach((account) => {
    const skuIndex = accounts.skuIndex(account)
    addBuyer(one.start(2).number(nameOf(skuIndex)), accounts, account)
    one.number(accounts.units(account)).number(accounts.reservations(account))
    sumOf(skuIndex).add(one)
  })
}

// As `text(accounts.buyer(account))` would, without making a text of each name.
function addBuyer(one: RecordHash, accounts: AccountTable, account: number): void {
  const length = accounts.buyerLength(account)
  one.word(length)
  for (let index = 0; index < length; index++) one.word(accounts.buyerCode(account, index))
}

function hashReservations(
  state: PartitionState,
  one: RecordHash,
  nameOf: (skuIndex: number) => number,
  sumOf: (skuIndex: number) => HashSum,
): void {
  const { reservations, accounts } = state
  for (let row = 0; row < reservations.rowLimit; row++) {
    const rowState = reservations.state(row)
    if (rowState === 0) continue
    const account = reservations.account(row)
    const skuIndex = accounts.skuIndex(account)
    one.start(3).number(nameOf(skuIndex)).number(accounts.hashOfBuyer(account))
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
    sumOf(skuIndex).add(one)
  }
}

/**
 * The words of one record, and four lanes over them: murmur3's mixing with a different multiplier each. The words are
 * gathered first, so that the lanes stay in registers while they are mixed.
 */
class RecordHash {
  readonly lanes: Int32Array = new Int32Array(4)
  #words: Int32Array = new Int32Array(256)
  #length = 0

  start(kind: number): this {
    this.#length = 0
    return this.word(kind)
  }

  word(value: number): this {
    if (this.#length === this.#words.length) this.#grow()
    this.#words[this.#length++] = value
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

  /** Fills `lanes` from the words since `start`. */
  finish(): void {
    const words = this.#words
    let first = 0x243f6a88
    let second = 0x85a308d3 | 0
    let third = 0x13198a2e
    let fourth = 0x03707344
    for (let index = 0; index < this.#length; index++) {
      const word = words[index] as number
      first = mix(first, word, 0xcc9e2d51)
      second = mix(second, word, 0x1b873593)
      third = mix(third, word, 0x85ebca6b)
      fourth = mix(fourth, word, 0xc2b2ae35)
    }
    this.lanes[0] = first
    this.lanes[1] = second
    this.lanes[2] = third
    this.lanes[3] = fourth
  }

  #grow(): void {
    const words = new Int32Array(this.#words.length * 2)
    words.set(this.#words)
    this.#words = words
  }
}

class HashSum {
  readonly #sums: Int32Array = new Int32Array(4)

  add(record: RecordHash): void {
    record.finish()
    for (let lane = 0; lane < 4; lane++) {
      const finished = finishHash((record.lanes[lane] as number) ^ Math.imul(lane + 1, 0x9e3779b9))
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
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
}
