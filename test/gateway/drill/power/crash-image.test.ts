// What is left of a hand-made recording after the power went: the rules of durability, one by one.
import { describe, expect, test } from 'vitest'
import {
  buildImage,
  type Kept,
  unsyncedAt,
  WHOLE,
} from '../../../../gateway/drill/power/crash-image.ts'
import type { Recording } from '../../../../gateway/drill/power/recording.ts'
import { HandMadeRecording } from './hand-made-recording.ts'

/** The image as texts; folders are `undefined`. By default the power goes at the end and nothing is kept. */
function leftOf(
  recording: Recording,
  kept: ReadonlyMap<number, Kept> = new Map(),
  cut = recording.operations.length,
): Record<string, string | undefined> {
  const image = buildImage(recording, { cut, kept })
  return Object.fromEntries([...image].map(([path, bytes]) => [path, bytes?.toString('latin1')]))
}

/** Everything unsynced was kept. */
function allKept(recording: Recording): ReadonlyMap<number, Kept> {
  const { length } = recording.operations
  return new Map(unsyncedAt(recording, length).map((index) => [index, WHOLE]))
}

/** A file whose name is durable, and its handle. */
function durableFile(made: HandMadeRecording, path = 'file'): string {
  const file = made.open(path)
  made.syncFolder('')
  return file
}

describe('the bytes of a file', () => {
  test('are lost unless they were synced or happened to be kept', () => {
    const made = new HandMadeRecording()
    const file = durableFile(made)
    made.write(file, 0, 'old')
    made.sync(file)
    made.write(file, 0, 'new')
    const recording = made.read()
    expect(leftOf(recording)).toEqual({ file: 'old' })
    expect(leftOf(recording, allKept(recording))).toEqual({ file: 'new' })
  })

  test('are not covered by a sync that began before they were written', () => {
    const made = new HandMadeRecording()
    const file = durableFile(made)
    made.write(file, 0, 'a')
    const sync = made.beginSync(file)
    made.write(file, 1, 'b')
    made.endSync(file, sync)
    expect(leftOf(made.read())).toEqual({ file: 'a' })
  })

  test('are not durable before their sync ended, nor after one that failed', () => {
    const made = new HandMadeRecording()
    const file = durableFile(made)
    made.write(file, 0, 'a')
    const sync = made.beginSync(file)
    expect(leftOf(made.read())).toEqual({ file: '' })
    made.endSync(file, sync, true)
    expect(leftOf(made.read())).toEqual({ file: '' })
    made.sync(file)
    expect(leftOf(made.read())).toEqual({ file: 'a' })
  })

  test('are covered by a sync through any handle of the same file, and of no other file', () => {
    const made = new HandMadeRecording()
    const [left, right] = [durableFile(made, 'left'), durableFile(made, 'right')]
    made.write(left, 0, 'l')
    made.write(right, 0, 'r')
    made.sync(made.open('left', 0))
    expect(leftOf(made.read())).toEqual({ left: 'l', right: '' })
  })

  test('of a synchronous write are durable by themselves, once it returned', () => {
    const made = new HandMadeRecording()
    const file = durableFile(made)
    made.write(file, 0, 'unsynced')
    const sync = made.write(file, 10, 'meta', true)
    expect(leftOf(made.read())).toEqual({ file: '' })
    made.endSync(file, sync)
    expect(leftOf(made.read())).toEqual({ file: `${'\0'.repeat(10)}meta` })
  })

  test('come back from a torn write in part, with the size or without', () => {
    const made = new HandMadeRecording()
    const file = durableFile(made)
    made.write(file, 2, 'abcdef')
    const recording = made.read()
    const [index = -1] = unsyncedAt(recording, recording.operations.length)
    const torn = (from: number, to: number, hasSize: boolean) =>
      leftOf(recording, new Map([[index, { from, to, hasSize }]]))
    expect(torn(0, 4, false)).toEqual({ file: '\0\0abcd' })
    expect(torn(0, 4, true)).toEqual({ file: '\0\0abcd\0\0' })
    expect(torn(4, 6, false)).toEqual({ file: '\0\0\0\0\0\0ef' })
    expect(torn(0, 0, true)).toEqual({ file: '\0'.repeat(8) })
    expect(torn(0, 0, false)).toEqual({ file: '' })
  })

  test('that were cut off do not come back when the file grows', () => {
    const made = new HandMadeRecording()
    const file = durableFile(made)
    made.write(file, 0, 'abcdef')
    made.truncate(file, 2)
    made.truncate(file, 4)
    const recording = made.read()
    expect(leftOf(recording, allKept(recording))).toEqual({ file: 'ab\0\0' })
  })

  test('go when the file is opened to be written anew', () => {
    const made = new HandMadeRecording()
    const file = durableFile(made)
    made.write(file, 0, 'old')
    made.sync(file)
    made.open('file', 3)
    const recording = made.read()
    expect(leftOf(recording)).toEqual({ file: 'old' })
    expect(leftOf(recording, allKept(recording))).toEqual({ file: '' })
  })
})

describe('a name', () => {
  test('is lost with everything below it, unless its folder was synced', () => {
    const made = new HandMadeRecording()
    made.makeFolder('data')
    const file = made.open('data/file')
    made.write(file, 0, 'kept in vain')
    made.sync(file)
    made.syncFolder('data')
    expect(leftOf(made.read())).toEqual({})
    made.syncFolder('')
    expect(leftOf(made.read())).toEqual({ data: undefined, 'data/file': 'kept in vain' })
  })

  test('of a file is not made durable by a sync of the file', () => {
    const made = new HandMadeRecording()
    const file = made.open('file')
    made.sync(file)
    expect(leftOf(made.read())).toEqual({})
  })

  test('that was renamed is the old one or the new one, never both or neither', () => {
    const made = new HandMadeRecording()
    const file = durableFile(made, 'draft')
    made.write(file, 0, 'x')
    made.sync(file)
    made.rename('draft', 'final')
    const recording = made.read()
    expect(leftOf(recording)).toEqual({ draft: 'x' })
    expect(leftOf(recording, allKept(recording))).toEqual({ final: 'x' })
    made.syncFolder('')
    expect(leftOf(made.read())).toEqual({ final: 'x' })
  })

  test('of a folder that was renamed leads to the same files, written before and after', () => {
    const made = new HandMadeRecording()
    made.makeFolder('draft')
    const file = made.open('draft/file')
    made.syncFolder('draft')
    made.rename('draft', 'final')
    made.syncFolder('')
    made.write(file, 0, 'a')
    made.write(made.open('final/file', 0), 1, 'b')
    made.sync(file)
    expect(leftOf(made.read())).toEqual({ final: undefined, 'final/file': 'ab' })
  })

  test('that was removed is there again until its folder was synced', () => {
    const made = new HandMadeRecording()
    durableFile(made)
    made.unlink('file')
    const recording = made.read()
    expect(leftOf(recording)).toEqual({ file: '' })
    expect(leftOf(recording, allKept(recording))).toEqual({})
    made.syncFolder('')
    expect(leftOf(made.read())).toEqual({})
  })

  test('made by a link leads to the same file as the first', () => {
    const made = new HandMadeRecording()
    const file = made.open('draft')
    made.link('draft', 'owner')
    made.unlink('draft')
    made.write(file, 0, 'me')
    made.sync(file)
    made.syncFolder('')
    expect(leftOf(made.read())).toEqual({ owner: 'me' })
  })

  test('taken a second time leads to another file', () => {
    const made = new HandMadeRecording()
    const first = durableFile(made)
    made.write(first, 0, 'first')
    made.sync(first)
    made.unlink('file')
    const second = made.open('file')
    made.write(second, 0, 'second')
    made.sync(second)
    const recording = made.read()
    expect(leftOf(recording)).toEqual({ file: 'first' })
    expect(leftOf(recording, allKept(recording))).toEqual({ file: 'second' })
  })
})

describe('a cut', () => {
  test('takes nothing from what came later, syncs included', () => {
    const made = new HandMadeRecording()
    const file = durableFile(made)
    made.write(file, 0, 'a')
    const before = made.read().operations.length
    made.sync(file)
    made.write(file, 0, 'b')
    const recording = made.read()
    expect(leftOf(recording, new Map(), before)).toEqual({ file: '' })
    expect(unsyncedAt(recording, before)).toHaveLength(1)
    expect(leftOf(recording, new Map(), before + 1)).toEqual({ file: '' })
    expect(leftOf(recording, new Map(), before + 2)).toEqual({ file: 'a' })
    expect(leftOf(recording, new Map(), 0)).toEqual({})
  })
})

test('a recording that speaks of a file it never saw made is refused', () => {
  const made = new HandMadeRecording()
  made.unlink('never-made')
  expect(() => made.read()).toThrow(/never-made.*recorder missed a call/)
})
