// What must be on disk before anything relies on it: names of segments and snapshots, and blocks that were only seen.
import { dirname } from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import * as sync from '../../journal/sync-folder.ts'
import { takeSnapshot } from '../../replay/take-snapshot.ts'
import { DataDirectory } from '../fixtures/data-directory.ts'
import { lmdbPlaces } from '../fixtures/lmdb-place.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

vi.mock('../../journal/sync-folder.ts', { spy: true })

const places = lmdbPlaces()
const newDirectory = tempDirectories()
const foldersSynced = () => vi.mocked(sync.syncFolder).mock.calls.map(([path]) => path)
const filesSynced = () => vi.mocked(sync.syncFile).mock.calls.map(([path]) => path)

beforeEach(() => {
  vi.clearAllMocks()
})

test('an owner syncs the name of the segment that it goes on in', async () => {
  // The one before may have died between giving the name and syncing it: seen as lost answers in a power drill.
  const place = places()
  const head = await place.write(1, 3)
  vi.clearAllMocks()
  await place.openForWriting(head.epoch + 1, head)
  expect(foldersSynced()).toContain(place.path)
})

test('a snapshot vouches for nothing that a power loss could take back', async () => {
  // LMDB shows a commit before it is synced; a snapshot ahead of the journal would make the next start refuse.
  const directory = await DataDirectory.write(newDirectory(), 2)
  vi.clearAllMocks()
  const { journal, snapshots } = directory.paths
  const expected = undefined
  await takeSnapshot({ journal, snapshots, expected, onSkippedSnapshot: () => undefined })
  const folders = foldersSynced()
  expect(filesSynced()).toContain(directory.segmentFile(1))
  expect(folders.indexOf(journal), 'before the snapshot has its name').toBe(0)
  expect(folders.slice(1)).toEqual([snapshots, dirname(snapshots)])
})
