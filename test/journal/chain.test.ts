// Blocks held against each other: what does not follow is refused, with the reason.
import { describe, expect, test } from 'vitest'
import { decodeBlock, encodeBlock, encodeOpening, NO_HASH } from '../../journal/block-codec.ts'
import type { JournalIdentity } from '../../journal/block-header.ts'
import { Chain, checkIdentity, EMPTY_HEAD, type JournalHead } from '../../journal/chain.ts'
import { blockAt, faultCode, IDENTITY } from '../fixtures/blocks.ts'

interface Place {
  readonly firstSeq?: number
  readonly epoch?: number
  readonly previousHash?: Buffer
  readonly identity?: JournalIdentity
}

/** A block that follows `head`, apart from what `place` says. */
function following(head: JournalHead, place: Place = {}, count = 2) {
  const { identity = IDENTITY, firstSeq = head.seq + 1, epoch = head.epoch } = place
  const position = { firstSeq, epoch, previousHash: place.previousHash ?? head.hash }
  const { bytes } =
    count === 0
      ? encodeOpening(identity, position)
      : encodeBlock(identity, position, blockAt(firstSeq, count).events)
  return decodeBlock(bytes, 'here')
}

/** A chain that has got as far as seq 3 in epoch 2. */
function begun(identity?: JournalIdentity): Chain {
  const chain = new Chain(identity, EMPTY_HEAD)
  chain.advance(following(EMPTY_HEAD, { epoch: 2 }, 0), 'opening')
  chain.advance(following(chain.head, {}, 3), 'first')
  return chain
}

describe('a chain', () => {
  test('goes from block to block, through opening blocks and rising epochs', () => {
    const chain = begun()
    chain.advance(following(chain.head, { epoch: 5 }), 'second')
    chain.advance(following(chain.head, { epoch: 6 }, 0), 'opening')
    chain.advance(following(chain.head), 'third')
    expect(chain.head).toMatchObject({ seq: 7, epoch: 6 })
    expect(chain.identity).toMatchObject(IDENTITY)
  })

  const head = begun().head
  const breaks: [string, Place, number, string][] = [
    ['a gap', { firstSeq: 5 }, 2, 'journal_gap'],
    ['a block twice', { firstSeq: 1 }, 3, 'journal_gap'],
    ['an overlap', { firstSeq: 3 }, 2, 'journal_gap'],
    ['a gap before an opening', { firstSeq: 5 }, 0, 'journal_gap'],
    ['another block before it', { previousHash: NO_HASH }, 2, 'journal_damaged'],
    ['another block before an opening', { previousHash: NO_HASH }, 0, 'journal_damaged'],
    ['a falling epoch', { epoch: 1 }, 2, 'journal_damaged'],
    ['a falling epoch of an opening', { epoch: 1 }, 0, 'journal_damaged'],
    [
      'another cluster',
      { identity: { ...IDENTITY, clusterId: 'f'.repeat(32) } },
      2,
      'journal_foreign',
    ],
    ['another partition', { identity: { ...IDENTITY, partition: 1 } }, 2, 'journal_mispartitioned'],
    [
      'another partition count',
      { identity: { ...IDENTITY, partitionCount: 2 } },
      2,
      'journal_mispartitioned',
    ],
  ]
  test.each(breaks)('is broken by %s, and stays where it was', async (_, place, count, code) => {
    const chain = begun()
    expect(await faultCode(() => chain.advance(following(head, place, count), 'here'))).toBe(code)
    expect(chain.head).toEqual(head)
    chain.advance(following(head), 'here')
    expect(chain.head.seq).toBe(5)
  })

  test('begins with the first block of a journal only', async () => {
    const late = following({ seq: 8, epoch: 1, hash: NO_HASH })
    const linked = following(EMPTY_HEAD, { previousHash: Buffer.alloc(16, 1) })
    expect(await faultCode(() => new Chain(undefined, EMPTY_HEAD).advance(late, 'here'))).toBe(
      'journal_gap',
    )
    expect(await faultCode(() => new Chain(undefined, EMPTY_HEAD).advance(linked, 'here'))).toBe(
      'journal_damaged',
    )
  })

  test('that is told whose it is refuses the first foreign block', async () => {
    const chain = new Chain({ ...IDENTITY, clusterId: 'f'.repeat(32) }, EMPTY_HEAD)
    expect(await faultCode(() => chain.advance(following(EMPTY_HEAD), 'here'))).toBe(
      'journal_foreign',
    )
  })
})

test('an identity that does not fit is told with both names', () => {
  expect(() => checkIdentity(IDENTITY, IDENTITY, 'here')).not.toThrow()
  expect(() => checkIdentity(IDENTITY, { ...IDENTITY, partitionCount: 4 }, 'here')).toThrow(
    'here is of partition 0/1, not 0/4',
  )
})
