// What is owed at a moment of a recording, and what counts as broken.
import { describe, expect, test } from 'vitest'
import {
  breachesOfLives,
  type Found,
  judge,
  promisesAt,
} from '../../../../gateway/drill/power/promises.ts'
import { decodeRecords } from '../../../../gateway/drill/power/record-format.ts'
import { HandMadeRecording } from './hand-made-recording.ts'

const EMPTY = 'hash-of-nothing'

/** One life: blocks that end at 4 and 9, the first acknowledged. */
function oneLife(): HandMadeRecording {
  const made = new HandMadeRecording()
  made.note({ kind: 'life', seq: 0, hash: EMPTY })
  made.note({ kind: 'block', seq: 4, hash: 'four' })
  made.note({ kind: 'acknowledged', seq: 3 })
  made.note({ kind: 'acknowledged', seq: 4 })
  made.note({ kind: 'block', seq: 9, hash: 'nine' })
  return made
}

function started(seq: number, hash: string, more: object = {}): Found {
  const after = { liveHash: 'after', rebuiltHash: 'after', skippedSnapshots: [] }
  return { kind: 'started', seq, hash, ...after, ...more }
}

describe('at a cut', () => {
  const recording = oneLife().read()
  const promises = promisesAt(recording, recording.operations.length)

  test.each([
    [started(4, 'four'), undefined],
    [started(9, 'nine'), undefined],
    [started(0, EMPTY), 'lost'],
    [started(3, 'four'), 'lost'],
    [started(9, 'four'), 'wrong'],
    [started(7, 'nine'), 'wrong'],
    [started(12, 'nine'), 'wrong'],
    [started(9, 'nine', { rebuiltHash: 'other' }), 'wrong'],
    [started(9, 'nine', { skippedSnapshots: ['cut off'] }), 'half-written'],
    [{ kind: 'refused', reason: 'damaged' } as const, 'refused'],
    [{ kind: 'died', reason: 'SIGSEGV' } as const, 'died'],
  ])('%j is %s', (found, breach) => {
    expect(judge(promises, EMPTY, found)?.kind).toBe(breach)
  })

  test('only what was said before it is owed', () => {
    expect(promisesAt(recording, 0).acknowledged).toBe(0)
    expect(promisesAt(recording, 2).acknowledged).toBe(0)
    expect(promisesAt(recording, 3).acknowledged).toBe(3)
    expect(judge(promisesAt(recording, 2), EMPTY, started(0, EMPTY))).toBeUndefined()
    expect(judge(promisesAt(recording, 2), EMPTY, started(9, 'nine'))?.kind).toBe('wrong')
    expect(judge(promisesAt(recording, 0), EMPTY, started(0, 'other'))?.kind).toBe('wrong')
  })
})

describe('a second life', () => {
  test('makes what it found a promise, and buries what it did not find', () => {
    const made = oneLife()
    made.note({ kind: 'life', seq: 4, hash: 'four' })
    made.note({ kind: 'block', seq: 6, hash: 'six' })
    const recording = made.read()
    const promises = promisesAt(recording, recording.operations.length)
    expect(judge(promises, EMPTY, started(6, 'six'))).toBeUndefined()
    expect(judge(promises, EMPTY, started(9, 'nine'))?.kind).toBe('wrong')
    expect(breachesOfLives(recording, EMPTY)).toEqual([])
  })

  test('that finds more than was acknowledged shows it, so that it is owed', () => {
    const made = oneLife()
    made.note({ kind: 'life', seq: 9, hash: 'nine' })
    const recording = made.read()
    const promises = promisesAt(recording, recording.operations.length)
    expect(judge(promises, EMPTY, started(4, 'four'))?.kind).toBe('lost')
  })

  test.each([
    [{ seq: 0, hash: EMPTY }, 'lost'],
    [{ seq: 9, hash: 'four' }, 'wrong'],
  ])('that finds %j after kill -9 broke a promise itself', (found, kind) => {
    const made = oneLife()
    made.note({ kind: 'life', ...found })
    const [breach] = breachesOfLives(made.read(), EMPTY)
    expect(breach?.kind).toBe(kind)
    expect(breach?.text).toMatch(/^a server of the recording itself/)
  })
})

test('a recording that is cut off is said to be, not read up to there', () => {
  const { bytes } = oneLife()
  expect(decodeRecords(bytes)).toHaveLength(5)
  for (const missing of [1, 20, 60]) {
    expect(() => decodeRecords(bytes.subarray(0, bytes.length - missing))).toThrow(/cut off/)
  }
})
