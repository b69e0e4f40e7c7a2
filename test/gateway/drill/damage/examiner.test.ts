// The process that examines: what it reads, and what becomes of a case when it dies, hangs or gives up.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { RETENTION_MS_DEFAULT } from '../../../../core/limits.ts'
import type { Examination, Reading } from '../../../../gateway/drill/damage/examine.ts'
import { examine } from '../../../../gateway/drill/damage/examine.ts'
import { Examiner } from '../../../../gateway/drill/damage/examiner.ts'
import { START } from '../../../fixtures/commands.ts'
import { DataDirectory } from '../../../fixtures/data-directory.ts'
import { tempDirectories } from '../../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
const DEADLINE_MS = 30_000
const SEGMENT_BYTES = 2 ** 20
const NO_EXAMINATION: Examination = {
  ...{ data: 'nowhere', from: 'verify', segmentBytes: SEGMENT_BYTES, retentionMs: 60_000, now: 0 },
}

let examiner: Examiner | undefined
afterEach(() => examiner?.end())

/** An examiner whose process runs `script` for every examination, with `say` and the number of the examination. */
function scripted(script: string, deadlineMs = DEADLINE_MS): Examiner {
  const worker = join(newDirectory(), 'worker.mjs')
  writeFileSync(
    worker,
    `const say = (message) => new Promise((resolve) => process.send(message, resolve))
     process.on('disconnect', () => process.exit(0))
     process.on('message', async (examination) => { ${script} })
     await say({ kind: 'ready' })`,
  )
  examiner = new Examiner(deadlineMs, worker)
  return examiner
}

const VERIFIED = { step: 'verify', kind: 'state', stateHash: 'x' }
const SAY_VERIFIED = `await say(${JSON.stringify(VERIFIED)});`

test('readings come in order, and one process takes many examinations', async () => {
  const many = scripted(
    `${SAY_VERIFIED} await say({ pid: process.pid }); await say({ kind: 'done' })`,
  )
  const first = await many.examine(NO_EXAMINATION)
  expect(first[0]).toEqual(VERIFIED)
  expect(await many.examine(NO_EXAMINATION)).toEqual(first)
})

test('a process that a signal ends has died in the step after the last one told', async () => {
  const dying = scripted(`
    await say({ step: 'rebuild', kind: 'state', stateHash: 'x' })
    process.stderr.write('mdb.c: last words')
    process.kill(process.pid, 'SIGSEGV')`)
  expect(await dying.examine({ ...NO_EXAMINATION, from: 'rebuild' })).toEqual([
    { step: 'rebuild', kind: 'state', stateHash: 'x' },
    { step: 'start', kind: 'died', signal: 'SIGSEGV', words: 'mdb.c: last words' },
  ])
})

test('after a death of mere reading another process goes on with what a start does', async () => {
  const dying = scripted(`
    if (examination.from === 'verify') process.kill(process.pid, 'SIGBUS')
    else {
      await say({ step: 'rebuild', kind: 'state', stateHash: 'x' })
      await say({ kind: 'done' })
    }`)
  const expected = [
    { step: 'verify', kind: 'died', signal: 'SIGBUS', words: '' },
    { step: 'rebuild', kind: 'state', stateHash: 'x' },
  ]
  expect(await dying.examine(NO_EXAMINATION)).toEqual(expected)
  expect(await dying.examine(NO_EXAMINATION), 'and with the next directory').toEqual(expected)
})

test('a process that does not come back hangs', async () => {
  const hanging = scripted(`for (;;);`, 1_500)
  expect(await hanging.examine({ ...NO_EXAMINATION, from: 'rebuild' })).toEqual([
    { step: 'rebuild', kind: 'hung' },
  ])
})

test('an error that nobody caught is a fault without a code', async () => {
  const throwing = scripted(`${SAY_VERIFIED} throw new TypeError('nobody caught this')`)
  const [, last] = await throwing.examine(NO_EXAMINATION)
  expect(last).toMatchObject({ step: 'replay', kind: 'fault', code: undefined })
  expect(last).toMatchObject({ message: expect.stringContaining('nobody caught this') })
})

test('a process that never comes up is the drill’s own fault', async () => {
  examiner = new Examiner(DEADLINE_MS, join(newDirectory(), 'nowhere.mjs'))
  const failed = examiner.examine(NO_EXAMINATION)
  await expect(failed).rejects.toMatchObject({ name: 'DrillError', code: 'server_ended' })
})

async function readingsOf(data: string): Promise<Reading[]> {
  const readings: Reading[] = []
  const settings = { segmentBytes: SEGMENT_BYTES, retentionMs: RETENTION_MS_DEFAULT }
  await examine({ data, from: 'verify', ...settings, now: START + 1_000 }, (reading) => {
    readings.push(reading)
  })
  return readings
}

test('a healthy directory is read, started on, written to and read again', async () => {
  const directory = await DataDirectory.write(newDirectory(), 4)
  await directory.snapshot()
  const before = await directory.hash()
  const readings = await readingsOf(directory.data)
  const after = await directory.hash()
  expect(after).not.toBe(before)
  expect(readings.map((one) => (one.kind === 'state' ? [one.step, one.stateHash] : one))).toEqual([
    ...[
      ['verify', before],
      ['replay', before],
      ['rebuild', before],
      ['start', before],
    ],
    ...[
      ['append', after],
      ['replay-again', after],
      ['rebuild-again', after],
    ],
  ])
})

test('a damaged directory is read as far as it goes, and faults keep their code', async () => {
  const directory = await DataDirectory.write(newDirectory(), 4)
  await directory.editBlock(2, 7, (bytes) => bytes.fill(0, 70, 80))
  const damaged = { kind: 'fault', code: 'journal_damaged' }
  expect(await readingsOf(directory.data)).toMatchObject([
    { step: 'verify', ...damaged },
    { step: 'replay', ...damaged },
    { step: 'rebuild', ...damaged },
  ])
})
