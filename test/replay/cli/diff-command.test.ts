// `holdfast replay diff` as operators run it: journals, snapshots and a running server against each other.
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { endServersAfterEach, RealServer, runHoldfast } from '../../fixtures/real-server.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { openedEvent, reservedEvent, writeEvents } from '../../fixtures/written-events.ts'
import { askReplay } from './ask-replay.ts'

const newDirectory = tempDirectories()
endServersAfterEach()

const SNAPSHOT = 'partition-0/snapshots/snapshot-0000000000000030.hfs'

function golden() {
  const data = newDirectory()
  const expected = copyGolden(data)
  return { data, expected, snapshot: join(data, SNAPSHOT) }
}

/** A data directory of its own, and a snapshot of it. */
async function shopOf(...events: Parameters<typeof writeEvents>[1][number]) {
  const data = newDirectory()
  const { root } = await writeEvents(data, [events])
  const { stdout } = await askReplay('snapshot', data, '--json')
  const seq = String(JSON.parse(stdout).seq).padStart(16, '0')
  return { data, root, snapshot: join(root, `snapshots/snapshot-${seq}.hfs`) }
}

describe('a journal and a snapshot', () => {
  test('are the same at exactly the seq of the snapshot, whichever comes first', async () => {
    const { data, expected, snapshot } = golden()
    const told = { same: true, seq: expected.snapshotSeq }
    for (const sides of [
      [data, snapshot],
      [snapshot, join(data, 'partition-0')],
      [snapshot, snapshot],
    ]) {
      const { status, stdout, stderr } = await askReplay('diff', ...sides, '--json')
      expect([status, stderr]).toEqual([0, ''])
      expect(JSON.parse(stdout)).toMatchObject(told)
    }
    const { stdout } = await askReplay('diff', data, snapshot)
    expect(stdout).toMatch(/^same +[0-9a-f]{32}\nas of +seq 30\n/)
  })

  test('differ down to the field: exit 3', async () => {
    const one = await shopOf(openedEvent(9), reservedEvent('a', 2))
    const other = await shopOf(openedEvent(9), reservedEvent('a', 3))
    const { status, stdout } = await askReplay('diff', one.data, other.snapshot)
    expect(status).toBe(3)
    expect(stdout).toMatch(/^first difference +sku shoe: available 7 ≠ 6\nas of +seq 2\n/)
    const back = await askReplay('diff', other.snapshot, one.data, '--json')
    expect(JSON.parse(back.stdout)).toMatchObject({
      ...{ same: false, seq: 2, subject: 'sku shoe', field: 'available', left: 6, right: 7 },
    })
  })

  test('of which the journal ends earlier cannot be compared: exit 1', async () => {
    const short = await shopOf(openedEvent(9))
    const { snapshot } = await shopOf(openedEvent(9), reservedEvent('a', 3))
    const { status, stdout, stderr } = await askReplay('diff', short.data, snapshot)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(
      /covers events up to seq 2, but the journal .* ends at seq 1\. \[snapshot_ahead\]/,
    )
  })
})

test('two snapshots of different seqs differ in that', async () => {
  const one = await shopOf(openedEvent(9))
  const other = await shopOf(openedEvent(9), reservedEvent('a', 3))
  const { status, stdout } = await askReplay('diff', one.snapshot, other.snapshot, '--json')
  expect(status).toBe(3)
  expect(JSON.parse(stdout)).toMatchObject({ same: false, field: 'seq', left: 1, right: 2 })
})

test('a running server is compared with its journal, a copy and a snapshot of it', async () => {
  const data = newDirectory()
  const server = await RealServer.start(data)
  await server.open(10)
  for (const key of ['a', 'b', 'c']) expect((await server.reserve(key)).status).toBe(201)
  const real = await runHoldfast(['replay', 'diff', data, '--url', `${server.url}/`])
  expect([real.status, real.stderr]).toEqual([0, ''])
  expect(real.stdout).toContain(`same   ${await server.hash()}`)
  const older = newDirectory()
  cpSync(data, older, { recursive: true })
  expect((await server.reserve('d')).status).toBe(201)
  const behind = await askReplay('diff', older, '--url', server.url)
  expect([behind.status, behind.stdout]).toEqual([1, ''])
  expect(behind.stderr).toMatch(
    /^replay: .* ends at seq \d+, but the server is .*\[journal_behind\]\n$/,
  )
  // Another history as long as this one.
  const { stdout } = await askReplay('plan', data, '--json')
  const sales = Array.from({ length: JSON.parse(stdout).lastSeq - 1 }, (_, at) =>
    reservedEvent(`${at}`, 2),
  )
  const other = await shopOf(openedEvent(10), ...sales)
  for (const path of [other.data, other.root, other.snapshot]) {
    const told = await askReplay('diff', path, '--url', server.url, '--json')
    expect([told.status, told.stderr]).toEqual([3, ''])
    expect(JSON.parse(told.stdout)).toMatchObject({
      same: false,
      partition: 0,
      subject: 'sku shoe',
    })
  }
})

describe('what cannot be compared', () => {
  test.each([
    [2, 'nothing with a journal', ['.'], /name either a second place or --url/],
    [2, 'three sides', ['.', '.', '--url', 'http://localhost'], /name either a second/],
    [2, 'an address that is none', ['.', '--url', 'localhost'], /expected an address like/],
    [2, 'an address with a login', ['.', '--url', 'http://a:b@localhost'], /expected an address/],
    [1, 'a snapshot that is not there', ['no.hfs', 'no.hfs'], /no\.hfs does not exist\. \[not_a/],
    [1, 'a place that is not there', ['nowhere', 'no.hfs'], /^replay: nowhere holds no journal/],
    [1, 'a file that is no snapshot', ['package.json', 'docs'], /^replay: package\.json holds no/],
  ])('ends with %i: %s', async (status, _, words, message) => {
    const told = await askReplay('diff', ...words)
    expect([told.status, told.stdout]).toEqual([status, ''])
    expect(told.stderr).toMatch(message)
  })

  test('ends with 1: a damaged snapshot', async () => {
    const { data, snapshot } = golden()
    cpSync(join(data, 'expected.json'), snapshot)
    const { status, stdout, stderr } = await askReplay('diff', data, snapshot)
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/snapshot-0000000000000030\.hfs is damaged: .*\[snapshot_damaged\]/)
  })
})
