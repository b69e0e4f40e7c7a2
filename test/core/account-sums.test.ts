// Sums by account: every size of name has its own, and equal numbers in two sizes do not meet.
import { expect, test } from 'vitest'
import { AccountSums } from '../../core/account-sums.ts'
import { AccountTable } from '../../core/account-table.ts'

test('each account has its own sum, whatever the length of its name', () => {
  const accounts = new AccountTable(1)
  const names = ['a', 'abcd', 'abcdefgh', 'b', 'bcde', 'x'.repeat(64)]
  const references = names.map((name) => accounts.findOrOpen(0, name))
  const sums = new AccountSums(accounts)
  expect(references.map((account) => sums.of(account))).toEqual([0, 0, 0, 0, 0, 0])
  references.forEach((account, index) => {
    sums.add(account, 10 ** index)
    sums.add(account, index)
  })
  expect(references.map((account) => sums.of(account))).toEqual(
    names.map((_, index) => 10 ** index + index),
  )
})

test('an account that took a free place has a sum, too', () => {
  const accounts = new AccountTable(1)
  const gone = accounts.findOrOpen(0, 'gone')
  accounts.closeIfIdle(gone)
  const next = accounts.findOrOpen(0, 'next')
  expect(next).toBe(gone)
  const sums = new AccountSums(accounts)
  sums.add(next, 7)
  expect(sums.of(next)).toBe(7)
})
