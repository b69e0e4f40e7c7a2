// The engine's bench at a tiny size: what it measures is recounted, and a workload that does not add up is noticed.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runEngine } from '../../bench/engine/engine-run.ts'
import { rawFileAppend, rawLmdbAppend } from '../../bench/engine/raw-append.ts'
import { type WorkloadName, workload, zipfReserves } from '../../bench/engine/workloads.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const COUNT = 3_000
const folder = tempDirectories()

test.each<WorkloadName>(['zipf', 'hot'])('%s: every reservation is held', async (name) => {
  const run = await runEngine(folder(), workload(name, COUNT))
  expect([run.commands, run.events]).toEqual([COUNT, COUNT])
  expect(run.stateBytes).toBeGreaterThan(64 * COUNT)
})

test('the whole life ends all holds, by expiry where nobody else does', async () => {
  const run = await runEngine(folder(), workload('life', COUNT))
  expect(run.commits).toBeGreaterThan(0)
  expect(run.events).toBeLessThanOrEqual(2 * COUNT)
})

test('a unit too many is noticed', async () => {
  const life = workload('life', COUNT)
  const wrong = { ...life, sold: life.sold + 1 }
  await expect(runEngine(folder(), wrong)).rejects.toThrow('units sold = units paid for')
})

test('the limits append the same reservations', async () => {
  const path = folder()
  expect(await rawLmdbAppend(join(path, 'lmdb'), zipfReserves(COUNT))).toBeGreaterThan(0)
  expect(await rawFileAppend(path, zipfReserves(COUNT))).toBeGreaterThan(0)
})
