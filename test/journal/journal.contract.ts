// What every journal promises, run by each that there is: a `*.test.ts` calls it with a way to make one.
import { describe, expect, test } from 'vitest'
import { EMPTY_HEAD, type JournalHead } from '../../journal/chain.ts'
import { JournalError } from '../../journal/errors.ts'
import type { Journal, JournalReader } from '../../journal/journal.ts'
import { blockAt, eventAt, faultCode, IDENTITY, readAll } from '../fixtures/blocks.ts'

/** One place where a journal's blocks stay, and ways to open it. */
export interface JournalPlace {
  /** Opens it for writing; who opened it is closed by whoever made the place. */
  openForWriting(epoch: number, head: JournalHead): Promise<Journal>
  readonly reader: JournalReader
}

/** Declares the tests of the Journal and JournalReader ports. */
export function describeJournal(name: string, makePlace: () => JournalPlace): void {
  describe(`a journal ${name}`, () => {
    test('gives back what was appended, block by block', async () => {
      const place = makePlace()
      const journal = await place.openForWriting(1, EMPTY_HEAD)
      for (const [firstSeq, count] of [
        [1, 3],
        [4, 1],
        [5, 200],
      ] as const) {
        await journal.append(blockAt(firstSeq, count))
      }
      const { events, blocks, chain } = await readAll(place.reader)
      expect(events).toEqual(Array.from({ length: 204 }, (_, index) => eventAt(index + 1)))
      expect(blocks[0]?.header).toMatchObject({ count: 0, firstSeq: 1, epoch: 1 })
      expect(blocks.flatMap(({ header }) => header.count || [])).toEqual([3, 1, 200])
      expect(chain.identity).toMatchObject(IDENTITY)
      expect(chain.head).toEqual(journal.head)
      expect(journal.identity).toEqual(IDENTITY)
    })

    test('is empty before the first append, apart from its opening', async () => {
      const place = makePlace()
      expect((await readAll(place.reader)).blocks).toEqual([])
      const journal = await place.openForWriting(1, EMPTY_HEAD)
      const { blocks, events } = await readAll(place.reader)
      expect([blocks.length, events.length]).toEqual([1, 0])
      expect(journal.head).toMatchObject({ seq: 0, epoch: 1 })
    })

    test('is continued after reopening, by a higher epoch and an unbroken chain', async () => {
      const place = makePlace()
      const first = await place.openForWriting(1, EMPTY_HEAD)
      await first.append(blockAt(1, 2))
      await first.close()
      const second = await place.openForWriting(2, (await readAll(place.reader)).chain.head)
      await second.append(blockAt(3, 2))
      await second.close()
      const third = await place.openForWriting(7, (await readAll(place.reader)).chain.head)
      await third.append(blockAt(5, 1))
      const { blocks, chain } = await readAll(place.reader)
      const filled = blocks.filter(({ header }) => header.count > 0)
      expect(filled.map(({ header }) => header.epoch)).toEqual([1, 2, 7])
      expect(chain.head).toEqual({ seq: 5, epoch: 7, hash: third.head.hash })
    })

    test('that was opened and closed without an append is continued', async () => {
      const place = makePlace()
      await (await place.openForWriting(1, EMPTY_HEAD)).close()
      const head = (await readAll(place.reader)).chain.head
      await (await place.openForWriting(2, head)).append(blockAt(1, 1))
      expect((await readAll(place.reader)).chain.head).toMatchObject({ seq: 1, epoch: 2 })
    })

    test('lets only one of two writers have a seq', async () => {
      const place = makePlace()
      const first = await place.openForWriting(1, EMPTY_HEAD)
      await first.append(blockAt(1, 2))
      const second = await place.openForWriting(2, (await readAll(place.reader)).chain.head)
      await second.append(blockAt(3, 2, 'bob'))
      expect(await faultCode(() => first.append(blockAt(3, 2, 'ada')))).toBe('commit_refused')
      const { events, chain } = await readAll(place.reader)
      expect(events.at(-1)).toEqual(eventAt(4, 'bob'))
      expect(chain.head).toEqual(second.head)
    })

    test('lets only one of two writers have a seq when they race', async () => {
      const place = makePlace()
      const first = await place.openForWriting(1, EMPTY_HEAD)
      await first.append(blockAt(1, 2))
      const second = await place.openForWriting(2, (await readAll(place.reader)).chain.head)
      const settled = await Promise.allSettled([
        first.append(blockAt(3, 1, 'ada')),
        second.append(blockAt(3, 1, 'bob')),
      ])
      expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      for (const outcome of settled) {
        if (outcome.status === 'fulfilled') continue
        expect(outcome.reason).toBeInstanceOf(JournalError)
        expect(outcome.reason.code).toBe('commit_refused')
      }
      const winner = settled[0]?.status === 'fulfilled' ? 'ada' : 'bob'
      expect((await readAll(place.reader)).events.at(-1)).toEqual(eventAt(3, winner))
    })

    test('is readable while it is written: whole blocks, in order, none missing', async () => {
      const place = makePlace()
      const journal = await place.openForWriting(1, EMPTY_HEAD)
      const writing = (async () => {
        for (let seq = 1; seq <= 120; seq += 3) await journal.append(blockAt(seq, 3))
      })()
      let seen = 0
      for (let round = 0; round < 15; round++) {
        const { events } = await readAll(place.reader)
        expect(events).toEqual(
          Array.from({ length: events.length }, (_, index) => eventAt(index + 1)),
        )
        expect(events.length % 3).toBe(0)
        expect(events.length).toBeGreaterThanOrEqual(seen)
        seen = events.length
      }
      await writing
      expect((await readAll(place.reader)).events).toHaveLength(120)
    })

    test('is read from any seq on: from the block that holds it', async () => {
      const place = makePlace()
      const journal = await place.openForWriting(1, EMPTY_HEAD)
      for (let seq = 1; seq <= 40; seq += 4) await journal.append(blockAt(seq, 4))
      for (let fromSeq = 0; fromSeq <= 42; fromSeq++) {
        const { blocks } = await readAll(place.reader, fromSeq)
        const first = blocks.find(({ header }) => header.count > 0)?.header.firstSeq
        const holding = fromSeq === 0 ? 1 : fromSeq - ((fromSeq - 1) % 4)
        // Beyond the end a reader may give the last block, so that its hash can be seen, or nothing.
        if (fromSeq > 40) expect(first ?? 37).toBeGreaterThanOrEqual(37)
        else expect(first, `from seq ${fromSeq}`).toBe(holding)
      }
    })

    test('takes blocks in order only', async () => {
      const place = makePlace()
      const journal = await place.openForWriting(1, EMPTY_HEAD)
      await expect(journal.append(blockAt(2, 1))).rejects.toThrow('in order, without gaps')
      await journal.append(blockAt(1, 1))
      await expect(journal.append(blockAt(1, 1))).rejects.toThrow('in order, without gaps')
      expect((await readAll(place.reader)).events).toHaveLength(1)
    })
  })
}
