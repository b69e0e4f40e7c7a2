// Small promises of the durable side: room on the disk, names of folders, and a text for every fault.
import { statfsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { partitionPaths } from '../../journal/data-directory.ts'
import { JOURNAL_FAULTS, JournalError } from '../../journal/errors.ts'
import { freeDiskBytes, requireFreeDisk } from '../../journal/free-disk.ts'
import { faultCode } from '../fixtures/blocks.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()

test('the free disk is what an unprivileged process may still write', () => {
  const directory = newDirectory()
  const free = freeDiskBytes(directory)
  const { blocks, bsize } = statfsSync(directory)
  expect(free).toBeGreaterThan(0)
  expect(free).toBeLessThanOrEqual(blocks * bsize)
})

test('too little free disk is told before anything is opened', async () => {
  const directory = newDirectory()
  expect(() => requireFreeDisk(directory, 1)).not.toThrow()
  expect(await faultCode(() => requireFreeDisk(directory, Number.MAX_SAFE_INTEGER))).toBe(
    'disk_full',
  )
  expect(() => requireFreeDisk(directory, Number.MAX_SAFE_INTEGER)).toThrow(directory)
})

test('every partition has folders of its own', () => {
  expect(partitionPaths('data', 3)).toEqual({
    root: join('data', 'partition-3'),
    journal: join('data', 'partition-3', 'journal'),
    snapshots: join('data', 'partition-3', 'snapshots'),
  })
})

test('every fault has a sentence, and carries its code and cause', () => {
  for (const [code, title] of Object.entries(JOURNAL_FAULTS)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(title).toMatch(/^[A-Z].*\.$/)
  }
  const cause = new Error('EIO')
  const fault = new JournalError('commit_failed', 'it failed', { cause })
  expect(fault).toMatchObject({
    name: 'JournalError',
    code: 'commit_failed',
    message: 'it failed',
    cause,
  })
  expect(fault).toBeInstanceOf(Error)
})
