// A short run of the kill drill, and proof that it would notice a broken promise.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { AcknowledgedLog } from '../../../../gateway/drill/acknowledged-log.ts'
import type { KillDrillReport } from '../../../../gateway/drill/kill/kill-drill.ts'
import { seededRandom } from '../../../../gateway/drill/random.ts'

const run = promisify(execFile)

test('a server killed twice in the middle of a sale keeps every promise', async () => {
  const { HOLDFAST_SEED: seed = '20111104' } = process.env
  const flags = ['--rounds', '2', '--limit', '6000', '--seed', seed, '--json', '--quiet']
  const { stdout } = await run(process.execPath, ['bin/holdfast.js', 'drill', 'kill', ...flags])
  const { acknowledged, rounds, ...broken } = JSON.parse(stdout) as KillDrillReport
  expect(rounds).toBe(2)
  expect(acknowledged).toBeGreaterThan(0)
  expect(broken).toEqual({
    seed: Number(seed),
    lost: 0,
    oversold: 0,
    stranded: 0,
    doubled: 0,
    ledgerDifferences: 0,
    hashMismatches: 0,
  })
})

test('a drill without a usable file is a fault, not a broken promise', async () => {
  const flags = ['--file', 'nowhere.csv', '--rounds', '1', '--quiet']
  const failed = run(process.execPath, ['bin/holdfast.js', 'drill', 'kill', ...flags])
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/nowhere/) })
})

test('the log keeps the most that was promised, and sees a key answered twice', () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  const log = new AcknowledgedLog(join(directory, 'log.ndjson'))
  const reserve = { op: 'reserve', key: 'k', sku: 's', buyer: 'b', quantity: 2 } as const
  const held = { status: 201, id: 'A', state: 'held', quantity: 2 } as const
  log.add(reserve, held)
  log.add({ op: 'confirm', id: 'A' }, { ...held, status: 200, state: 'confirmed', confirmed: 2 })
  log.add({ op: 'confirm', id: 'A' }, held)
  log.add(reserve, { status: 409, code: 'sold_out' })
  expect([...log.promised.values()]).toEqual([{ id: 'A', quantity: 2, confirmed: 2, returned: 0 }])
  expect(log.doubled).toBe(0)
  log.add(reserve, { ...held, id: 'B' })
  expect(log.doubled).toBe(1)
  log.close()
  rmSync(directory, { recursive: true })
})

test('the same seed gives the same moments', () => {
  const [left, right] = [seededRandom(7), seededRandom(7)]
  const drawn = Array.from({ length: 100 }, () => left())
  expect(Array.from({ length: 100 }, () => right())).toEqual(drawn)
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...drawn)).toBeLessThan(1)
  expect(new Set(drawn).size).toBe(100)
})
