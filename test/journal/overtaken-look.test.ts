// A reader that was overtaken by commits while it looked: what it saw does not count, and it looks again.
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { blockKey, openEnvironment } from '../../journal/lmdb-environment.ts'
import { LmdbFile } from '../../journal/lmdb-file.ts'
import * as lmdbMeta from '../../journal/lmdb-meta.ts'
import { segmentFile } from '../../journal/segments.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

vi.mock('../../journal/lmdb-meta.ts', { spy: true })

const newDirectory = tempDirectories()
const COMMITS = 40

/** A file to which `COMMITS` entries are added, and its meta pages as they were after each. */
async function grown() {
  const path = join(newDirectory(), 'segment')
  const environment = openEnvironment(path)
  const file = new LmdbFile(segmentFile(path))
  const metas: Buffer[] = []
  vi.mocked(lmdbMeta.readMetaPages).mockClear()
  for (let key = 1; key <= COMMITS; key++) {
    environment.putSync(blockKey(key), Buffer.alloc(500, key))
    file.lastEntryUpTo(key)
    metas.push(vi.mocked(lmdbMeta.readMetaPages).mock.results.at(-1)?.value)
  }
  return { environment, file, metas }
}

test('a state whose pages were written anew meanwhile is not believed', async () => {
  const { environment, file, metas } = await grown()
  for (const stale of metas.slice(2, -1)) {
    vi.mocked(lmdbMeta.readMetaPages).mockReturnValueOnce(stale)
    expect(file.lastEntryUpTo(1_000)?.key).toBe(COMMITS)
    vi.mocked(lmdbMeta.readMetaPages).mockReturnValueOnce(stale)
    expect(file.entriesFrom(1)[0]?.key).toBe(1)
  }
  file.close()
  await environment.close()
})

test('a file that changes at every look is given up, and says why', async () => {
  const { environment, file, metas } = await grown()
  let look = 0
  vi.mocked(lmdbMeta.readMetaPages).mockImplementation(() => metas[look++ % metas.length] as Buffer)
  expect(() => file.lastEntryUpTo(1_000)).toThrow(/changed 10000 times/)
  vi.mocked(lmdbMeta.readMetaPages).mockReset()
  file.close()
  await environment.close()
})
