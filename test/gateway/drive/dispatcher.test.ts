// Batches of operations: how full, how many at once, in which order.
import { expect, test } from 'vitest'
import { Dispatcher, type Job } from '../../../gateway/drive/dispatcher.ts'
import { openPurchase } from '../../../gateway/drive/purchase.ts'
import { openLedger } from '../../../gateway/drive/sku-ledger.ts'

const LEDGER = openLedger('A', { stock: 1, available: 1, held: 0, sold: 0 })
const PURCHASE = openPurchase({ ledger: LEDGER, quantity: 1, isAbandoned: false })

function job(id: string): Job {
  return { operation: { op: 'get', id }, purchase: PURCHASE }
}

interface Post {
  readonly ids: string[]
  readonly answer: () => void
  readonly fail: (error: Error) => void
}

/** A dispatcher whose batches the test answers by hand. */
function openPost(): { dispatcher: Dispatcher; posts: Post[] } {
  const posts: Post[] = []
  const send = (jobs: readonly Job[]): Promise<void> =>
    new Promise((answer, fail) => {
      const ids = jobs.map(({ operation }) => ('id' in operation ? operation.id : ''))
      posts.push({ ids, answer, fail })
    })
  return { dispatcher: new Dispatcher({ batchSize: 2, concurrency: 2, send }), posts }
}

test('sends full batches only, and no more at once than allowed', () => {
  const { dispatcher, posts } = openPost()
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) dispatcher.push(job(id))
  expect(posts.map(({ ids }) => ids)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
})

test('sends what finishes an order before what begins one', async () => {
  const { dispatcher, posts } = openPost()
  for (const id of ['a', 'b', 'c', 'd', 'e', 'f']) dispatcher.push(job(id))
  dispatcher.pushFollowUp(job('first'))
  posts[0]?.answer()
  await new Promise(setImmediate)
  expect(posts.at(-1)?.ids).toEqual(['first', 'e'])
})

test('sends a partly filled batch while the pusher pauses', async () => {
  const { dispatcher, posts } = openPost()
  dispatcher.push(job('a'))
  expect(posts).toHaveLength(0)
  await dispatcher.pause(1)
  expect(posts.map(({ ids }) => ids)).toEqual([['a']])
})

test('is full at two windows of batches, and has room again at half of that', async () => {
  const { dispatcher, posts } = openPost()
  for (const id of 'abcdefgh') dispatcher.push(job(id))
  expect(dispatcher.isFull()).toBe(true)
  let hasRoom = false
  const room = dispatcher.room().then(() => {
    hasRoom = true
  })
  posts[0]?.answer()
  await new Promise(setImmediate)
  expect(hasRoom).toBe(false)
  posts[1]?.answer()
  await room
  expect(dispatcher.isFull()).toBe(false)
})

test('is idle only when everything was answered', async () => {
  const { dispatcher, posts } = openPost()
  for (const id of 'abc') dispatcher.push(job(id))
  const idle = dispatcher.idle()
  expect(posts).toHaveLength(2)
  for (const post of posts) post.answer()
  await idle
})

test('fails whoever waits, and sends nothing more', async () => {
  const { dispatcher, posts } = openPost()
  for (const id of 'abcdef') dispatcher.push(job(id))
  const pause = dispatcher.pause(60_000)
  posts[0]?.fail(new Error('gone'))
  await expect(pause).rejects.toThrowError('gone')
  await expect(dispatcher.room()).rejects.toThrowError('gone')
  await expect(dispatcher.idle()).rejects.toThrowError('gone')
  expect(posts).toHaveLength(2)
})
