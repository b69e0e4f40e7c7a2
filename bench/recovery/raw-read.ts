// The limit of a replay: every block out of LMDB, its payload through msgpackr. No checksum, no chain, no state.
import { open } from 'lmdb'
import { Packr } from 'msgpackr'
import { HEADER_BYTES } from '../../journal/block-header.ts'
import { listSegments } from '../../journal/segments.ts'

const packr = new Packr({ useRecords: false })

/** Reads all blocks of the journal in folder `journalPath` and gives the number of events decoded. */
export async function rawRead(journalPath: string): Promise<number> {
  let events = 0
  for (const { path } of listSegments(journalPath)) {
    const database = open<Buffer, Buffer>({
      ...{ path, readOnly: true, overlappingSync: false, mapSize: 64 * 2 ** 30 },
      ...{ encoding: 'binary', keyEncoding: 'binary' },
    })
    for (const { value } of database.getRange()) {
      if (value.length === HEADER_BYTES) continue
      events += (packr.unpack(value.subarray(HEADER_BYTES)) as unknown[]).length - 1
    }
    await database.close()
  }
  return events
}
