// The limit: the same events as positional arrays, packed by msgpackr, put into LMDB. No state, no rules, no checksums.
import { open } from 'lmdb'
import { Packr } from 'msgpackr'
import type { Reserve } from '../core/command.ts'

const packr = new Packr({ useRecords: false })

/** Events per commit: as many as the engine is given per turn. */
const BLOCK_EVENTS = 1_000

/** Appends `reserves` as events, one commit in flight, and gives events/s. */
export async function rawAppend(path: string, reserves: readonly Reserve[]): Promise<number> {
  const options = { overlappingSync: false, eventTurnBatching: false, mapSize: 64 * 2 ** 30 }
  const database = open<Buffer, Buffer>({
    path,
    encoding: 'binary',
    keyEncoding: 'binary',
    ...options,
  })
  const startedAt = performance.now()
  let commit: Promise<boolean> = Promise.resolve(true)
  for (let first = 0; first < reserves.length; first += BLOCK_EVENTS) {
    const bytes = Buffer.from(packr.pack(reserves.slice(first, first + BLOCK_EVENTS).map(asArray)))
    await commit
    const key = Buffer.alloc(8)
    key.writeBigUInt64BE(BigInt(first))
    commit = database.put(key, bytes)
  }
  await commit
  const seconds = (performance.now() - startedAt) / 1_000
  await database.close()
  return reserves.length / seconds
}

function asArray(reserve: Reserve): unknown[] {
  const { id, sku, buyer, quantity } = reserve
  return [5, 0, id.skuHash, id.high, id.middle, id.low, sku, buyer, quantity, 900_000, null]
}
