// Journals of every format ever released, read by this version, and today's writer against the newest of them.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stateHash } from '../../../core/state-hash.ts'
import { FORMAT_VERSION } from '../../../journal/block-header.ts'
import { partitionPaths } from '../../../journal/data-directory.ts'
import { lmdbReader } from '../../../journal/read-blocks.ts'
import { rebuild } from '../../../replay/rebuild.ts'
import { verify } from '../../../replay/verify.ts'
import { walk } from '../../../replay/walk.ts'
import { copyGolden, goldenPath, unitsOf } from '../../fixtures/golden-journal.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { writeGolden } from './write-golden.ts'

const newDirectory = tempDirectories()
const { HOLDFAST_WRITE_GOLDEN: mayWrite } = process.env
const present = goldenPath(FORMAT_VERSION)

test.runIf(mayWrite === '1' && !existsSync(present))('is written, once', async () => {
  await writeGolden(present)
})

describe('the golden journal of format 1', () => {
  const golden = () => {
    const data = newDirectory()
    return { expected: copyGolden(data), paths: partitionPaths(data, 0) }
  }

  test('is small, and has no lock of a process that once read it', () => {
    const files = readdirSync(goldenPath(1), { recursive: true, encoding: 'utf8' })
    expect(files.filter((name) => name.endsWith('lock.mdb'))).toEqual([])
    const bytes = files.reduce((sum, name) => sum + statSync(join(goldenPath(1), name)).size, 0)
    expect(bytes).toBeLessThan(300_000)
  })

  test('is whole, and holds what it held when it was written', async () => {
    const { expected, paths } = golden()
    const report = await verify(paths)
    expect(report.discrepancies).toEqual([])
    const { lastSeq, epoch, chainHash, events } = expected
    expect(report).toMatchObject({ lastSeq, epoch, chainHash, events, snapshotsChecked: 1 })
    expect(report.stateHash).toBe(expected.stateHash)
    expect(report.segments, 'several segments').toBeGreaterThan(2)
    expect(Object.keys(events), 'every kind of event').toHaveLength(10)
  })

  test('gives every state that it once went through', async () => {
    const { expected, paths } = golden()
    for (const { seq, ...told } of expected.states) {
      const { state } = await walk(paths, { seq, at: undefined }, {})
      expect({ stateHash: stateHash(state), skus: unitsOf(state) }, `seq ${seq}`).toEqual(told)
    }
  })

  test('is started from its snapshot', async () => {
    const { expected, paths } = golden()
    const { state, snapshotSeq } = await rebuild({
      ...{ reader: lmdbReader(paths.journal), snapshots: paths.snapshots, expected: undefined },
      ...{ seed: 3, onSkippedSnapshot: () => undefined },
    })
    expect([snapshotSeq, stateHash(state)]).toEqual([expected.snapshotSeq, expected.stateHash])
  })

  test('would be written byte for byte the same today', async () => {
    const { expected } = golden()
    // The chain's hash stands for every byte of every block.
    expect(await writeGolden(newDirectory())).toEqual(expected)
  })
})
