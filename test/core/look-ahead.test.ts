// Looking ahead: it reads for as many commands as it says, and nothing hangs on it.
import { expect, test } from 'vitest'
import type { Command } from '../../core/command.ts'
import type { Reserved } from '../../core/event.ts'
import { LookAhead } from '../../core/look-ahead.ts'
import { PartitionState } from '../../core/partition-state.ts'
import type { ReservationId } from '../../core/reservation-id.ts'
import { HELD } from '../../core/reservation-table.ts'
import { Ring } from '../../core/ring.ts'
import { completeRules } from '../../core/rules.ts'
import { stateHash } from '../../core/state-hash.ts'
import type { ReservationRecord } from '../../core/state-records.ts'
import { cancel, confirm, open, readSku, reserve } from '../fixtures/commands.ts'

function inboxOf(commands: readonly Command[]): Ring<{ readonly command: Command }> {
  const inbox = new Ring<{ readonly command: Command }>(64)
  for (const command of commands) inbox.push({ command })
  return inbox
}

function fill(state: PartitionState): void {
  const actor = state.addActor('shoe', 10, completeRules({}), 1)
  for (let buyer = 0; buyer < 1_000; buyer++) {
    state.accounts.findOrOpen(actor.index, `buyer-${buyer}`)
  }
}

function stateWithBuyers(): PartitionState {
  const state = new PartitionState(1)
  fill(state)
  return state
}

function reserved(buyer: string): Reserved {
  const { id, sku, quantity } = reserve(`key of ${buyer}`)
  return { kind: 'reserved', at: 1, id, sku, buyer, quantity, holdMs: 1_000, meta: undefined }
}

function record(buyer: string): ReservationRecord {
  const { id, quantity, holdMs } = reserved(buyer)
  const counts = { quantity, remaining: 1, confirmed: 0, returned: 0 }
  return { id, skuIndex: 0, buyer, state: HELD, ...counts, seq: 1, reservedAt: 1, holdMs, until: 2 }
}

test.each([
  [1, 1],
  [31, 31],
  [32, 32],
  [33, 32],
])('of %i commands it reads for %i, and takes none', (count, read) => {
  const inbox = inboxOf(Array.from({ length: count }, (_, index) => reserve(`key-${index}`)))
  expect(new LookAhead(new PartitionState(1)).commands(inbox)).toBe(read)
  expect(inbox.length).toBe(count)
})

test('every kind of command is read for, known or not, and the state stays as it is', () => {
  const state = new PartitionState(1)
  const before = stateHash(state)
  const ahead = new LookAhead(state)
  const commands = [open(1), readSku(), reserve('k'), confirm('k'), cancel('k')]
  expect(ahead.commands(inboxOf(commands))).toBe(commands.length)
  expect(ahead.sum, 'nothing is there yet').toBe(0)
  expect(stateHash(state)).toBe(before)
  fill(state)
  const reads = Array.from({ length: 32 }, (_, index) =>
    ahead.commands(inboxOf([{ ...reserve(`k${index}`), buyer: `buyer-${index}` }])) > 0
      ? ahead.sum
      : 0,
  )
  expect(Math.max(...reads), 'the index is really looked at').toBeGreaterThan(0)
})

test('events are read for in stretches that meet, and the state stays as it is', () => {
  const state = stateWithBuyers()
  const before = stateHash(state)
  const ahead = new LookAhead(state)
  const events = Array.from({ length: 70 }, (_, index) => reserved(`buyer-${index}`))
  const ends = [ahead.events(events, 0), ahead.events(events, 32), ahead.events(events, 64)]
  expect(ends).toEqual([32, 64, 70])
  expect(ahead.events([], 0)).toBe(0)
  ahead.events(events, 0)
  expect(ahead.sum, 'the index is really looked at').toBeGreaterThan(0)
  ahead.events([{ kind: 'cancelled', at: 1, id: events[0]?.id as ReservationId }], 0)
  expect(ahead.sum, 'no reservation is there').toBe(0)
  expect(stateHash(state)).toBe(before)
})

test('records are read for in stretches, too', () => {
  const ahead = new LookAhead(stateWithBuyers())
  const records = Array.from({ length: 33 }, (_, index) => record(`buyer-${index}`))
  expect([ahead.records(records, 0), ahead.records(records, 32)]).toEqual([32, 33])
  ahead.records(records, 0)
  expect(ahead.sum, 'the index is really looked at').toBeGreaterThan(0)
})
