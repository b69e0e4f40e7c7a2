// What the journal makes of an LMDB that fails, refuses or hangs. The environment is a stand-in: disks obey nobody.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { EMPTY_HEAD } from '../../journal/chain.ts'
import type { Journal } from '../../journal/journal.ts'
import * as lmdbEnvironment from '../../journal/lmdb-environment.ts'
import { openLmdbJournal } from '../../journal/lmdb-journal.ts'
import { blockAt, faultCode, IDENTITY } from '../fixtures/blocks.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

vi.mock('../../journal/lmdb-environment.ts', { spy: true })

const DEADLINE_MS = 10_000
const newDirectory = tempDirectories()
const puts: unknown[][] = []
let nextPut: () => unknown = () => Promise.resolve(true)

beforeEach(() => {
  puts.splice(0)
  nextPut = () => Promise.resolve(true)
  const environment = {
    put: (...put: unknown[]) => {
      puts.push(put)
      return nextPut()
    },
    get: () => undefined,
    getStats: () => ({ lastPageNumber: 0, pageSize: 4_096 }),
    close: () => Promise.resolve(),
  }
  vi.mocked(lmdbEnvironment.openEnvironment).mockImplementation((path) => {
    mkdirSync(path, { recursive: true })
    return environment as unknown as lmdbEnvironment.Environment
  })
})

afterEach(() => {
  vi.useRealTimers()
})

function openJournal(): Promise<Journal> {
  return openLmdbJournal(join(newDirectory(), 'journal'), {
    ...{ identity: IDENTITY, head: EMPTY_HEAD, epoch: 1, segmentBytes: 1e9 },
    commitDeadlineMs: DEADLINE_MS,
  })
}

test('every commit is one put that may not overwrite', async () => {
  const journal = await openJournal()
  await journal.append(blockAt(1, 2))
  expect(puts).toHaveLength(2)
  for (const [, , options] of puts) expect(options).toEqual({ noOverwrite: true })
})

test.each([false, undefined, 1, 'true'])(
  'a put that answers %j is a refused commit',
  async (answer) => {
    const journal = await openJournal()
    nextPut = () => Promise.resolve(answer)
    expect(await faultCode(() => journal.append(blockAt(1, 2)))).toBe('commit_refused')
  },
)

test('a put that rejects is a failed commit, and its second promise does not end the process', async () => {
  const journal = await openJournal()
  const commitError = Promise.reject(new Error('EIO'))
  nextPut = () => Promise.reject(Object.assign(new Error('Commit failed'), { commitError }))
  await expect(journal.append(blockAt(1, 2))).rejects.toMatchObject({
    code: 'commit_failed',
    message: expect.stringContaining('up to seq 2 failed: Commit failed'),
  })
})

test('a put that throws at once is a failed append', async () => {
  const journal = await openJournal()
  nextPut = () => {
    throw new Error('bad key')
  }
  await expect(journal.append(blockAt(1, 2))).rejects.toThrow('bad key')
})

test('a put that hangs is given up at the deadline, not before', async () => {
  const journal = await openJournal()
  vi.useFakeTimers()
  nextPut = () => new Promise(() => undefined)
  let code: string | undefined
  const appended = faultCode(() => journal.append(blockAt(1, 2))).then((found) => {
    code = found
  })
  await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1)
  expect(code).toBeUndefined()
  await vi.advanceTimersByTimeAsync(1)
  await appended
  expect(code).toBe('commit_timeout')
})

test('a put that fails after it was given up disturbs nobody', async () => {
  const journal = await openJournal()
  vi.useFakeTimers()
  let fail: (fault: Error) => void = () => undefined
  nextPut = () =>
    new Promise((_, reject) => {
      fail = reject
    })
  const appended = faultCode(() => journal.append(blockAt(1, 2)))
  await vi.advanceTimersByTimeAsync(DEADLINE_MS)
  expect(await appended).toBe('commit_timeout')
  fail(new Error('too late'))
  await vi.advanceTimersByTimeAsync(1)
})

test('a commit in time leaves no timer behind', async () => {
  const journal = await openJournal()
  vi.useFakeTimers()
  await journal.append(blockAt(1, 2))
  expect(vi.getTimerCount()).toBe(0)
})

test('a first block that is refused is a refused opening', async () => {
  nextPut = () => Promise.resolve(false)
  expect(await faultCode(() => openJournal())).toBe('commit_refused')
})
