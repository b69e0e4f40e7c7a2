// What a commit costs on this disk, alone: one small block at a time into LMDB, synchronous as in the journal.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open } from 'lmdb'
import { Latencies } from './latencies.ts'

/** About what a few reservations take. */
const BLOCK_BYTES = 512

/** Puts `count` blocks, each when the one before is on the disk. */
export async function commitTimes(count: number): Promise<Latencies> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const database = open<Buffer, number>({
    ...{ path: join(folder, 'commits'), encoding: 'binary', mapSize: 2 ** 30 },
    ...{ overlappingSync: false, eventTurnBatching: false },
  })
  const times = new Latencies()
  for (let number = 0; number < count; number++) {
    const startedAt = performance.now()
    await database.put(number, Buffer.alloc(BLOCK_BYTES, number))
    times.add(performance.now() - startedAt)
  }
  await database.close()
  rmSync(folder, { recursive: true })
  return times
}
