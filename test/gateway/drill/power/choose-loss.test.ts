// Losses by chance: repeatable by seed and number, torn at sectors only, and of every kind.
import { expect, test } from 'vitest'
import { LossChooser } from '../../../../gateway/drill/power/choose-loss.ts'
import { type PowerLoss, unsyncedAt, WHOLE } from '../../../../gateway/drill/power/crash-image.ts'
import type { Recording } from '../../../../gateway/drill/power/recording.ts'
import { randomTest } from '../../../fixtures/seed.ts'
import { HandMadeRecording } from './hand-made-recording.ts'

const IMAGES = 2_000
const SECTOR_BYTES = 512

/** Commits of three writes each, one across sectors at an odd place, the last one not synced. */
function someRecording(): Recording {
  const made = new HandMadeRecording()
  const file = made.open('file')
  made.syncFolder('')
  for (let commit = 0; commit < 20; commit++) {
    made.write(file, commit * 4_096, 'x'.repeat(4_096))
    made.write(file, 100 + commit * 10, 'y'.repeat(1_500))
    made.write(file, 40, 'meta')
    if (commit < 19) made.sync(file)
  }
  return made.read()
}

const recording = someRecording()
const losses = (seed: number): PowerLoss[] => {
  const chooser = new LossChooser(recording)
  return Array.from({ length: IMAGES }, (_, image) => chooser.choose(seed, image))
}

test('a seed and a number name a loss, whatever was chosen before', () => {
  const all = losses(7)
  expect(new LossChooser(recording).choose(7, 1_234)).toEqual(all[1_234])
  expect(losses(8)).not.toEqual(all)
})

randomTest('a loss keeps only what was not synced, and tears writes between sectors', (random) => {
  for (const { cut, kept } of losses(random.word())) {
    expect(cut).toBeGreaterThanOrEqual(0)
    expect(cut).toBeLessThanOrEqual(recording.operations.length)
    const unsynced = new Set(unsyncedAt(recording, cut))
    for (const [index, part] of kept) {
      expect(unsynced).toContain(index)
      const operation = recording.operations[index]
      if (part === WHOLE || operation?.kind !== 'write') continue
      const { offset, bytes } = operation
      const edge = part.from === 0 ? part.to : part.from
      expect((offset + edge) % SECTOR_BYTES).toBe(0)
      expect(edge).toBeGreaterThan(0)
      expect(edge).toBeLessThan(bytes.length)
      expect(part.from === 0 || part.to === bytes.length).toBe(true)
    }
  }
})

randomTest('losses are of every kind: at any moment, nothing kept, all, some, torn', (random) => {
  const all = losses(random.word())
  expect(new Set(all.map(({ cut }) => cut)).size).toBe(recording.operations.length + 1)
  const several = all.filter(({ cut }) => unsyncedAt(recording, cut).length > 2)
  const keptOf = ({ cut, kept }: PowerLoss) => kept.size / unsyncedAt(recording, cut).length
  expect(several.some((loss) => keptOf(loss) === 0)).toBe(true)
  expect(several.some((loss) => keptOf(loss) === 1)).toBe(true)
  expect(several.some((loss) => keptOf(loss) > 0 && keptOf(loss) < 1)).toBe(true)
  const parts = all.flatMap(({ kept }) => [...kept.values()]).filter((part) => part !== WHOLE)
  expect(parts.some(({ from }) => from > 0)).toBe(true)
  expect(parts.some(({ from, hasSize }) => from === 0 && hasSize)).toBe(true)
  expect(parts.some(({ from, hasSize }) => from === 0 && !hasSize)).toBe(true)
})
