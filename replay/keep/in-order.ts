// Merges sequences that are each in order into one that is.

/** All items of `sources`, each with the number of its source, by `rankOf`; equal ranks go by source. */
export function* inOrder<Item>(
  sources: readonly Iterable<Item>[],
  rankOf: (item: Item) => number,
): Generator<readonly [Item, number]> {
  const heads = sources.map((source) => {
    const items = source[Symbol.iterator]()
    return { items, next: items.next() }
  })
  for (;;) {
    let first = -1
    let lowest = Number.POSITIVE_INFINITY
    heads.forEach(({ next }, index) => {
      if (next.done === true || rankOf(next.value) >= lowest) return
      first = index
      lowest = rankOf(next.value)
    })
    const head = heads[first]
    if (head === undefined || head.next.done === true) return
    yield [head.next.value, first]
    head.next = head.items.next()
  }
}
