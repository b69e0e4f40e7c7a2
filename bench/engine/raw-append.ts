// The limits of the engine: packed blocks into LMDB, or at the end of a file, one fdatasync each, one in flight.
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { open } from 'lmdb'
import type { Reserve } from '../../core/command.ts'
import { invariant } from '../../core/invariant.ts'
import { appendPacked } from './packed-blocks.ts'

/** Puts `reserves` into an LMDB environment in folder `path`, opened as the journal opens its own; gives events/s. */
export async function rawLmdbAppend(path: string, reserves: readonly Reserve[]): Promise<number> {
  const options = { overlappingSync: false, eventTurnBatching: false, mapSize: 64 * 2 ** 30 }
  const database = open<Buffer, Buffer>({
    path,
    encoding: 'binary',
    keyEncoding: 'binary',
    ...options,
  })
  const perSecond = await appendPacked(reserves, async (first, bytes) => {
    const key = Buffer.alloc(8)
    key.writeBigUInt64BE(BigInt(first))
    invariant(await database.put(key, bytes), 'LMDB has the block')
  })
  await database.close()
  return perSecond
}

/** Appends `reserves` to a file in folder `path`; gives events/s. */
export async function rawFileAppend(path: string, reserves: readonly Reserve[]): Promise<number> {
  const file = await openFile(join(path, 'blocks'), 'a')
  try {
    return await appendPacked(reserves, async (_, bytes) => {
      const { bytesWritten } = await file.write(bytes)
      invariant(bytesWritten === bytes.length, 'the file has the block')
      await file.datasync()
    })
  } finally {
    await file.close()
  }
}
