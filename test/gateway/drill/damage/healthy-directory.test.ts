// The directories that the drill damages: as rich as they must be, and the same for the same seed.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type HealthyDirectory,
  writeHealthyDirectory,
} from '../../../../gateway/drill/damage/healthy-directory.ts'
import { SHAPES } from '../../../../gateway/drill/damage/shapes.ts'
import { CLOSING, EVENTS, OPENING } from '../../../../journal/block-header.ts'
import { partitionPaths } from '../../../../journal/data-directory.ts'
import { lmdbReader } from '../../../../journal/read-blocks.ts'
import { listSegments } from '../../../../journal/segments.ts'
import { runSeed } from '../../../fixtures/seed.ts'
import { tempDirectories } from '../../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
const BYTES_MAX = 2_000_000

function bytesOf(data: string): number {
  const names = readdirSync(data, { recursive: true, encoding: 'utf8' })
  return names.reduce((sum, name) => sum + statSync(join(data, name)).size, 0)
}

/** What blocks the newest segment is made of. */
async function newestKinds({ data }: HealthyDirectory): Promise<number[]> {
  const { journal } = partitionPaths(data, 0)
  const file = listSegments(journal).at(-1)?.path ?? ''
  const kinds: number[] = []
  for await (const block of lmdbReader(journal).read(0)) {
    if (block.where.startsWith(file)) kinds.push(block.header.kind)
  }
  return kinds
}

describe('a healthy directory', () => {
  // That it verifies and has every kind of event, three owners and two snapshots is asserted where it is written.
  test.each(SHAPES)('of $name is small and has the segments it should', async (shape) => {
    const seed = runSeed()
    const healthy = await writeHealthyDirectory(join(newDirectory(), 'data'), shape, seed)
    const segments = listSegments(partitionPaths(healthy.data, 0).journal).length
    expect(bytesOf(healthy.data), `HOLDFAST_SEED=${seed}`).toBeLessThan(BYTES_MAX)
    if (shape.name === 'one-segment') expect(segments).toBe(1)
    else expect(segments, `HOLDFAST_SEED=${seed}`).toBeGreaterThanOrEqual(3)
    const kinds = await newestKinds(healthy)
    expect(kinds).not.toContain(CLOSING)
    if (shape.newest === 'opening') expect(kinds).toEqual([OPENING])
    if (shape.newest === 'first-block') expect(kinds).toEqual([OPENING, EVENTS])
  })

  test('is the same for the same seed, and another for another', async () => {
    const [shape] = SHAPES.filter(({ name }) => name === 'one-segment')
    if (shape === undefined) throw new Error('there is no such shape')
    const hashOf = async (seed: number) => {
      const data = join(newDirectory(), 'data')
      const { lastSeq, stateHash } = await writeHealthyDirectory(data, shape, seed)
      return `${lastSeq} ${stateHash}`
    }
    const [one, same, other] = [await hashOf(7), await hashOf(7), await hashOf(8)]
    expect(same).toBe(one)
    expect(other).not.toBe(one)
  })
})
