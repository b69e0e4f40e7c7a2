// Looking ahead: it reads for as many commands as it says, and nothing hangs on it.
import { expect, test } from 'vitest'
import type { Command } from '../../core/command.ts'
import { LookAhead } from '../../core/look-ahead.ts'
import { PartitionState } from '../../core/partition-state.ts'
import { Ring } from '../../core/ring.ts'
import { completeRules } from '../../core/rules.ts'
import { stateHash } from '../../core/state-hash.ts'
import { cancel, confirm, open, readSku, reserve } from '../fixtures/commands.ts'

function inboxOf(commands: readonly Command[]): Ring<{ readonly command: Command }> {
  const inbox = new Ring<{ readonly command: Command }>(64)
  for (const command of commands) inbox.push({ command })
  return inbox
}

test.each([
  [1, 1],
  [31, 31],
  [32, 32],
  [33, 32],
])('of %i commands it reads for %i, and takes none', (count, read) => {
  const inbox = inboxOf(Array.from({ length: count }, (_, index) => reserve(`key-${index}`)))
  expect(new LookAhead(new PartitionState(1)).read(inbox)).toBe(read)
  expect(inbox.length).toBe(count)
})

test('every kind of command is read for, known or not, and the state stays as it is', () => {
  const state = new PartitionState(1)
  const before = stateHash(state)
  const ahead = new LookAhead(state)
  const commands = [open(1), readSku(), reserve('k'), confirm('k'), cancel('k')]
  expect(ahead.read(inboxOf(commands))).toBe(commands.length)
  expect(ahead.sum, 'nothing is there yet').toBe(0)
  expect(stateHash(state)).toBe(before)
  state.addActor('shoe', 10, completeRules({}), 1)
  const actor = state.actorOf('shoe')
  for (let buyer = 0; buyer < 1_000; buyer++) {
    state.accounts.findOrOpen(actor?.index ?? 0, `buyer-${buyer}`)
  }
  const reads = Array.from({ length: 32 }, (_, index) =>
    ahead.read(inboxOf([{ ...reserve(`k${index}`), buyer: `buyer-${index}` }])) > 0 ? ahead.sum : 0,
  )
  expect(Math.max(...reads), 'the index is really looked at').toBeGreaterThan(0)
})
