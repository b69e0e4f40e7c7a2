// A journal or snapshot against a server: the same state, the first SKU that is not, and servers that are none.
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import type { Event } from '../../../core/event.ts'
import { partitionOfSku } from '../../../core/partition-of.ts'
import type { PartitionState } from '../../../core/partition-state.ts'
import { stateHash } from '../../../core/state-hash.ts'
import { viewSku } from '../../../core/view.ts'
import { skuAnswerBody } from '../../../gateway/api/answer-bodies.ts'
import { EMPTY_HEAD } from '../../../journal/chain.ts'
import { type PartitionPaths, partitionPaths } from '../../../journal/data-directory.ts'
import { openLmdbJournal } from '../../../journal/lmdb-journal.ts'
import { writeSnapshot } from '../../../journal/snapshot-file.ts'
import { differenceWords } from '../../../replay/diff/diff-fields.ts'
import { compareWithServer, type ServerComparison } from '../../../replay/diff/diff-server.ts'
import { IDENTITY } from '../../fixtures/blocks.ts'
import { START } from '../../fixtures/commands.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { replayed } from '../../fixtures/test-partition.ts'
import { openedEvent, reservedEvent } from '../../fixtures/written-events.ts'

const newDirectory = tempDirectories()
const NOTHING = () => undefined

const ending: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0)) await end()
})

/** Serves on a port of its own until the test ends; gives the address. */
async function served(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ending.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  )
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Answers {
  /** Called before each answer, with the path that is asked for. */
  readonly before?: (path: string) => void | Promise<void>
  readonly perPage?: number
}

/** A server that sells from `partitions`, in the forms of the real one, which the CLI's tests use. */
function selling(partitions: () => readonly PartitionState[], answers: Answers = {}) {
  const { before = NOTHING, perPage = 2 } = answers
  return served(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost')
    await before(url.pathname)
    const states = partitions()
    const skus = states.flatMap(({ actors }) => actors)
    const isHashed = url.searchParams.get('hash') === 'true'
    if (url.pathname === '/v1/partitions' && isHashed) {
      const described = states.map((state, partition) => {
        return { partition, lastSeq: String(state.lastSeq), stateHash: stateHash(state) }
      })
      response.end(JSON.stringify({ partitions: described }))
    } else if (url.pathname === '/v1/skus') {
      const after = url.searchParams.get('after')
      const start = skus.findIndex(({ sku }) => sku === after) + 1
      const page = skus.slice(start, start + perPage)
      const next = start + perPage < skus.length ? page.at(-1)?.sku : undefined
      const bodies = page.map((actor) => skuAnswerBody(viewSku(actor, START)))
      response.end(JSON.stringify({ skus: bodies, next }))
    } else response.writeHead(404).end('nothing here')
  })
}

/** Appends to the journal of partition `partition` of `data`; gives how. */
async function journalOf(data: string, partition = 0, partitionCount = 1) {
  const paths = partitionPaths(data, partition)
  const journal = await openLmdbJournal(paths.journal, {
    ...{ identity: { ...IDENTITY, partition, partitionCount }, head: EMPTY_HEAD, epoch: 1 },
    ...{ segmentBytes: 2 ** 30, commitDeadlineMs: 60_000 },
  })
  ending.push(() => journal.close())
  const append = (...events: Event[]) => journal.append({ firstSeq: journal.head.seq + 1, events })
  return { paths, append }
}

async function written(events: readonly Event[]): Promise<{ data: string; paths: PartitionPaths }> {
  const data = newDirectory()
  const { paths, append } = await journalOf(data)
  if (events.length > 0) await append(...events)
  return { data, paths }
}

async function compared(path: string, url: string): Promise<ServerComparison[]> {
  const found: ServerComparison[] = []
  for await (const one of compareWithServer(path, { url, apiKey: undefined }, NOTHING))
    found.push(one)
  return found
}

/** The one difference in words; undefined when there is none. */
async function wordsOf(path: string, url: string): Promise<string | undefined> {
  const [found, ...more] = await compared(path, url)
  expect(more).toEqual([])
  return found?.difference && differenceWords(found.difference)
}

const OPENED = ['shoe', 'lamp', 'vase', 'mug', 'hat'].map((sku) => openedEvent(9, undefined, sku))
const EVENTS = [...OPENED, reservedEvent('a', 2), reservedEvent('b', 1)]

describe('a journal and a server', () => {
  test('of the same events are the same, as of the seq that the server names', async () => {
    const { data, paths } = await written(EVENTS)
    const state = replayed(EVENTS.slice(0, 6))
    const url = await selling(() => [state])
    const same = { partition: 0, seq: 6, stateHash: stateHash(state), difference: undefined }
    expect(await compared(data, url), 'the journal went on').toEqual([same])
    expect(await compared(paths.root, url)).toEqual([same])
  })

  test('that are both empty are the same', async () => {
    const { data } = await written([])
    const url = await selling(() => [replayed([])])
    expect(await wordsOf(data, url)).toBeUndefined()
  })

  const with7 = (event: Event) => [...EVENTS.slice(0, 6), event]
  const lampRules = { ...openedEvent(9, 5, 'hat') }
  test.each<[string, readonly Event[]]>([
    ['sku shoe: available 6 ≠ 5', with7(reservedEvent('b', 2))],
    ['sku hat: rules.perBuyer none ≠ 5', EVENTS.map((one, at) => (at === 4 ? lampRules : one))],
    [
      'sku cup: presence absent ≠ present',
      EVENTS.map((one, at) => (at === 3 ? openedEvent(9, undefined, 'cup') : one)),
    ],
    [
      'sku mug: stock 9 ≠ 8',
      EVENTS.map((one, at) => (at === 3 ? openedEvent(8, undefined, 'mug') : one)),
    ],
  ])('part at %s, on whichever page it stands', async (words, events) => {
    const { data } = await written(EVENTS)
    const url = await selling(() => [replayed(events)])
    expect(await wordsOf(data, url)).toBe(words)
  })

  test('part at a SKU that the server does not have', async () => {
    const { data } = await written(EVENTS)
    const state = replayed([...OPENED.slice(0, 4), reservedEvent('a', 2), reservedEvent('b', 1)])
    state.lastSeq = 7
    for (const actor of state.actors) if (actor.sku === 'shoe') actor.seq = 7
    const url = await selling(() => [state])
    expect(await wordsOf(data, url)).toBe('sku hat: presence present ≠ absent')
  })

  test('part by hash alone where no SKU shows it', async () => {
    const { data } = await written(EVENTS)
    const other = replayed(with7(reservedEvent('b', 1, { buyer: 'eve' })))
    const url = await selling(() => [other])
    const [ours, theirs] = [stateHash(replayed(EVENTS)), stateHash(other)]
    expect(await wordsOf(data, url)).toBe(`stateHash ${ours} ≠ ${theirs}`)
  })

  test('are faulted, not compared, when the journal is behind', async () => {
    const { data } = await written(EVENTS.slice(0, 6))
    const url = await selling(() => [replayed(EVENTS)])
    await expect(compared(data, url)).rejects.toMatchObject({
      code: 'journal_behind',
      message: expect.stringMatching(/ends at seq 6, but the server is at seq 7/),
    })
  })
})

describe('a server that sells meanwhile', () => {
  /** Its journal says one unit, it sold two; and before the first `sales` pages of SKUs it sells one more each. */
  async function crooked(sales: number) {
    const data = newDirectory()
    const { append } = await journalOf(data)
    await append(...EVENTS)
    const sold = [...EVENTS.slice(0, 6), reservedEvent('b', 2)]
    let pages = 0
    const looks: string[] = []
    const before = async (path: string) => {
      looks.push(path)
      if (path !== '/v1/skus' || pages++ >= sales) return
      const sale = reservedEvent(`sale-${pages}`)
      sold.push(sale)
      await append(sale)
    }
    const url = await selling(() => [replayed(sold)], { before, perPage: 9 })
    return { data, url, looks, sold }
  }

  test('is looked at again, until a SKU can be held against the journal', async () => {
    const { data, url, looks } = await crooked(2)
    expect(await wordsOf(data, url)).toBe('sku shoe: available 4 ≠ 3')
    expect(looks.filter((path) => path === '/v1/skus')).toHaveLength(3)
  })

  test('all the time is told by its hash, after a few looks', async () => {
    const { data, url, looks } = await crooked(99)
    expect(await wordsOf(data, url)).toMatch(/^stateHash [0-9a-f]{32} ≠ [0-9a-f]{32}$/)
    expect(looks.filter((path) => path === '/v1/skus')).toHaveLength(3)
  })

  test('and keeps its books is the same', async () => {
    const data = newDirectory()
    const { append } = await journalOf(data)
    const events = [...EVENTS]
    await append(...events)
    const before = async () => {
      const sale = reservedEvent(`sale-${events.length}`, 1, { sku: 'shoe' })
      if (events.length > 9) return
      events.push(sale)
      await append(sale)
    }
    const url = await selling(() => [replayed(events)], { before })
    expect(await wordsOf(data, url)).toBeUndefined()
  })
})

describe('several partitions', () => {
  const skus = OPENED.flatMap((event) => ('sku' in event ? [event.sku] : []))
  const shares = [0, 1].map((partition) =>
    OPENED.filter((event) => 'sku' in event && partitionOfSku(event.sku, 2) === partition),
  )

  async function halves() {
    const data = newDirectory()
    for (const partition of [0, 1]) {
      const { append } = await journalOf(data, partition, 2)
      await append(...(shares[partition] ?? []))
    }
    return data
  }

  test('are matched by number, and hold their own SKUs only', async () => {
    expect(skus.length).toBe(5)
    for (const share of shares) expect(share.length).toBeGreaterThan(0)
    const data = await halves()
    const states = shares.map((share) => replayed(share))
    const url = await selling(() => states)
    expect(
      (await compared(data, url)).map(({ partition, difference }) => [partition, difference]),
    ).toEqual([
      [0, undefined],
      [1, undefined],
    ])
    const [actor] = states[1]?.actors ?? []
    actor?.adjust(1)
    const [first, second] = await compared(data, url)
    expect(first?.difference).toBeUndefined()
    expect(second?.difference).toMatchObject({ subject: `sku ${actor?.sku}`, field: 'stock' })
    expect(await compared(join(data, 'partition-1'), url)).toEqual([second])
  })

  test('that only one side has are a difference', async () => {
    const data = await halves()
    const [left, right] = shares.map((share) => replayed(share))
    if (left === undefined || right === undefined) throw new Error('there are two')
    const one = await selling(() => [left])
    const onlyLeft = await compared(data, one)
    expect(onlyLeft[1]?.difference).toMatchObject({ subject: 'partition 1', right: 'absent' })
    const three = await selling(() => [left, right, replayed([])])
    const onlyRight = await compared(data, three)
    expect(onlyRight.map(({ difference }) => difference?.subject)).toEqual([
      ...[undefined, undefined, 'partition 2'],
    ])
  })
})

describe('a snapshot and a server', () => {
  async function snapshotOf(events: readonly Event[]): Promise<string> {
    const head = { seq: events.length, epoch: 1, hash: Buffer.alloc(16, 1) }
    return (await writeSnapshot(newDirectory(), IDENTITY, head, replayed(events))).path
  }

  test('are the same, differ in a field, or in how far they go', async () => {
    const path = await snapshotOf(EVENTS)
    expect(await wordsOf(path, await selling(() => [replayed(EVENTS)]))).toBeUndefined()
    const other = [...EVENTS.slice(0, 6), reservedEvent('b', 2)]
    expect(await wordsOf(path, await selling(() => [replayed(other)]))).toBe(
      'sku shoe: available 6 ≠ 5',
    )
    const further = [...EVENTS, reservedEvent('c')]
    expect(await wordsOf(path, await selling(() => [replayed(further)]))).toBe('seq 7 ≠ 8')
  })
})

describe('what is no Holdfast', () => {
  const json = (status: number, body: unknown): RequestListener => {
    return (_, response) => response.writeHead(status).end(JSON.stringify(body))
  }
  const whole = { partition: 0, lastSeq: '7', stateHash: 'ab' }
  test.each<[string, RequestListener, RegExp]>([
    ['answers 404', json(404, {}), /v1\/partitions\?hash=true answers 404\. Is this a Holdfast/],
    [
      'is not ready',
      json(503, { code: 'partition_unavailable', detail: 'Recovering.' }),
      /answers 503 partition_unavailable: Recovering\./,
    ],
    ['speaks HTML', (_, response) => response.end('<html>'), /does not answer as a Holdfast/],
    ['answers a list', json(200, []), /does not answer as a Holdfast/],
    ['has no partitions', json(200, { partitions: 4 }), /does not answer as a Holdfast/],
    [
      'hashes nothing',
      json(200, { partitions: [{ ...whole, stateHash: null }] }),
      /does not answer/,
    ],
    ['counts oddly', json(200, { partitions: [{ ...whole, lastSeq: 7 }] }), /does not answer/],
    ['lists no SKUs', json(200, { partitions: [whole] }), /v1\/skus does not answer as/],
    [
      'pages in circles',
      json(200, { partitions: [whole], skus: [], next: 'x' }),
      /does not answer/,
    ],
    ['has odd SKUs', json(200, { partitions: [whole], skus: [{ sku: 'x' }] }), /does not answer/],
  ])('%s: a fault that says so', async (_, listener, words) => {
    const { data } = await written(EVENTS)
    await expect(compared(data, await served(listener))).rejects.toMatchObject({
      code: 'server_answer',
      message: expect.stringMatching(words),
    })
  })

  test('is not there: a fault with the address and the reason', async () => {
    const { data } = await written(EVENTS)
    const url = await served(NOTHING)
    for (const end of ending.splice(1)) await end()
    await expect(compared(data, url)).rejects.toMatchObject({
      code: 'server_unreachable',
      message: expect.stringMatching(/127\.0\.0\.1:\d+.* does not answer \(ECONNREFUSED\)/),
    })
  })
})
