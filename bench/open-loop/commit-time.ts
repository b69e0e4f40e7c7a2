// What a commit costs on this disk, alone: one small block at a time into LMDB, synchronous as in the journal.
import { join } from 'node:path'
import { open } from 'lmdb'
import { inPrivateFolder } from '../private-folder.ts'
import { Latencies } from './latencies.ts'

/** About what a few reservations take. */
const BLOCK_BYTES = 512

/** Puts `count` blocks, each when the one before is on the disk. */
export function commitTimes(count: number): Promise<Latencies> {
  return inPrivateFolder(async (folder) => {
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
    return times
  })
}
