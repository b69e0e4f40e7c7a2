// The lists in which an LMDB file keeps the pages that may be used again (midl.c of the LMDB within lmdb).

const WORD_BYTES = 8

/**
 * The pages of one list: a count, then as many words, each a page, 0 for a gap, or less than 0 for a run of that many
 * pages from the one that the next word names. Throws an Error when the list makes no sense in a file of `lastPage`.
 */
export function* freePages(list: Buffer, lastPage: number): Generator<number> {
  let pages = 1
  for (const word of wordsOf(list)) {
    if (word < -lastPage) throw new Error(`a run of ${-word} free pages is too long`)
    if (word > 0) yield* pagesFrom(word, pages)
    pages = word < 0 ? -word : 1
  }
}

function wordsOf(list: Buffer): number[] {
  const wordAt = (index: number) => Number(list.readBigInt64LE(index * WORD_BYTES))
  return Array.from({ length: lengthOf(list) }, (_, index) => wordAt(index + 1))
}

function lengthOf(list: Buffer): number {
  const words = list.length < WORD_BYTES ? -1 : Number(list.readBigInt64LE(0))
  if (words >= 0 && (words + 1) * WORD_BYTES <= list.length) return words
  throw new Error(`a list of free pages has ${words} entries`)
}

function* pagesFrom(first: number, pages: number): Generator<number> {
  for (let more = 0; more < pages; more++) yield first + more
}
