// The whole-state check: recounts everything from the rows and compares. For tests, replay and `verify`.
import { AccountSums } from './account-sums.ts'
import { NO_ROW } from './hash-index.ts'
import { invariant } from './invariant.ts'
import type { PartitionState } from './partition-state.ts'
import { CONFIRMED, FREE, HELD } from './reservation-table.ts'

/**
 * Throws an InvariantError unless counters, accounts, indexes and queues agree with the reservations. O(state).
 */
export function checkState(state: PartitionState): void {
  const held = new Float64Array(state.actors.length)
  const remembered = new AccountSums(state.accounts)
  let holds = 0
  let rows = 0
  for (let row = 0; row < state.reservations.rowLimit; row++) {
    if (state.reservations.state(row) === FREE) continue
    rows++
    checkRow(state, row)
    const account = state.reservations.account(row)
    remembered.add(account, 1)
    if (state.reservations.state(row) !== HELD) continue
    holds++
    const skuIndex = state.accounts.skuIndex(account)
    held[skuIndex] = (held[skuIndex] ?? 0) + state.reservations.quantity(row)
  }
  invariant(rows === state.reservations.count, 'every remembered reservation is counted once')
  invariant(holds === state.due.count, 'every hold is due some time')
  checkForgetQueue(state, rows - holds)
  checkAccounts(state, remembered)
  for (const actor of state.actors) {
    actor.check()
    invariant(actor.held === held[actor.index], 'held units are those of the holds')
  }
}

function checkRow(state: PartitionState, row: number): void {
  const { reservations } = state
  invariant(state.rowOf(state.idOf(row)) === row, 'every reservation is found by its id')
  invariant(reservations.quantity(row) > 0, 'a reservation has units')
  invariant(reservations.seq(row) <= state.lastSeq, 'no reservation is of the future')
  if (reservations.state(row) !== CONFIRMED) return
  invariant(reservations.confirmed(row) <= reservations.quantity(row), 'no more sold than held')
  invariant(reservations.returned(row) <= reservations.confirmed(row), 'no more back than sold')
}

function checkForgetQueue(state: PartitionState, ended: number): void {
  let queued = 0
  let before = 0
  for (let row = state.forgets.head; row !== NO_ROW; row = state.reservations.forgetNext(row)) {
    invariant(state.reservations.until(row) >= before, 'the queue is in the order of ending')
    before = state.reservations.until(row)
    queued++
  }
  invariant(queued === ended, 'every ended reservation will be forgotten')
}

function checkAccounts(state: PartitionState, remembered: AccountSums): void {
  const units = new Float64Array(state.actors.length)
  let accounts = 0
  state.accounts.forEach((account) => {
    accounts++
    const skuIndex = state.accounts.skuIndex(account)
    units[skuIndex] = (units[skuIndex] ?? 0) + state.accounts.units(account)
    invariant(
      state.accounts.reservations(account) === remembered.of(account),
      'an account counts its remembered reservations',
    )
  })
  invariant(accounts === state.accounts.count, 'every account is counted once')
  for (const actor of state.actors) {
    invariant(
      units[actor.index] === actor.held + actor.sold,
      "the buyers' units are the held and the sold ones",
    )
  }
}
