// A recording that begins on a disk that was there: everything on it is durable and owed, and no power goes before.
import { expect, test } from 'vitest'
import { LossChooser } from '../../../../gateway/drill/power/choose-loss.ts'
import { buildImage, unsyncedAt } from '../../../../gateway/drill/power/crash-image.ts'
import { layOut } from '../../../../gateway/drill/power/lay-out.ts'
import { promisesAt } from '../../../../gateway/drill/power/promises.ts'
import { decodeRecords } from '../../../../gateway/drill/power/record-format.ts'
import { readRecording } from '../../../../gateway/drill/power/recording.ts'
import { randomTest } from '../../../fixtures/seed.ts'
import { HandMadeRecording } from './hand-made-recording.ts'

const start = {
  image: new Map([
    ['data', undefined],
    ['data/file', Buffer.from('bytes')],
    ['data/empty', Buffer.alloc(0)],
    ['alone', Buffer.from('x')],
  ]),
  promises: {
    acknowledged: 4,
    hashes: new Map([
      [4, 'four'],
      [9, 'nine'],
    ]),
  },
}

function continued(): ReturnType<HandMadeRecording['read']> {
  const made = new HandMadeRecording()
  made.makeFolder('later')
  const records = [...decodeRecords(layOut(start, '/disk')), ...decodeRecords(made.bytes)]
  return readRecording(records, '/disk')
}

test('the disk is there from the first moment on, and what is owed on it is owed', () => {
  const recording = continued()
  const { firstCut } = recording
  expect(unsyncedAt(recording, firstCut)).toEqual([])
  expect(buildImage(recording, { cut: firstCut, kept: new Map() })).toEqual(start.image)
  expect(promisesAt(recording, firstCut)).toEqual(start.promises)
})

randomTest('the power goes at any moment from then on, and never before', (random) => {
  const recording = continued()
  const chooser = new LossChooser(recording)
  const seed = random.word()
  const cuts = Array.from({ length: 300 }, (_, image) => chooser.choose(seed, image).cut)
  expect(recording.operations.length).toBe(recording.firstCut + 1)
  expect(new Set(cuts)).toEqual(new Set([recording.firstCut, recording.firstCut + 1]))
})

test('an empty disk begins with the first call', () => {
  const made = new HandMadeRecording()
  made.makeFolder('first')
  expect(made.read().firstCut).toBe(0)
})
