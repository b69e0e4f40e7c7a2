// What both limits append: the same events as positional arrays, packed by msgpackr. No state, no rules, no checksums.
import { Packr } from 'msgpackr'
import type { Reserve } from '../../core/command.ts'
import { BLOCK_EVENTS_MAX } from '../../core/limits.ts'

const packr = new Packr({ useRecords: false })

/**
 * Packs `reserves` block by block and hands each to `append` once the one before is on disk; gives events/s. A block is
 * as large as the engine's largest: with smaller ones, on a slow disk, the engine passes its limit.
 */
export async function appendPacked(
  reserves: readonly Reserve[],
  append: (first: number, bytes: Buffer) => Promise<unknown>,
): Promise<number> {
  const startedAt = performance.now()
  let commit: Promise<unknown> = Promise.resolve()
  for (let first = 0; first < reserves.length; first += BLOCK_EVENTS_MAX) {
    const bytes = Buffer.from(
      packr.pack(reserves.slice(first, first + BLOCK_EVENTS_MAX).map(asArray)),
    )
    await commit
    commit = append(first, bytes)
  }
  await commit
  return (reserves.length * 1_000) / (performance.now() - startedAt)
}

function asArray(reserve: Reserve): unknown[] {
  const { id, sku, buyer, quantity } = reserve
  return [5, 0, id.skuHash, id.high, id.middle, id.low, sku, buyer, quantity, 900_000, null]
}
