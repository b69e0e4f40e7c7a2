// A short run of the cluster drill: faults come, and every promise is kept.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { ClusterDrillReport } from '../../../../gateway/drill/cluster/cluster-drill.ts'
import { ROOT } from '../../../fixtures/source-files.ts'
import { tempDirectories } from '../../../fixtures/temp-directory.ts'
import { descendantsOf, isRunning, SOON } from '../../../fixtures/test-cluster.ts'

const run = promisify(execFile)
const SMALL = ['--partitions', '1', '--gateways', '1', '--quiet']
const newDirectory = tempDirectories()

test('a cluster whose processes are killed and stopped in the middle of a sale keeps every promise', async () => {
  // Every kind of fault comes within the three seconds of this seed.
  const { HOLDFAST_SEED: seed = '17800' } = process.env
  const flags = ['--minutes', '0.05', '--limit', '600', '--seed', seed, '--json', '--quiet']
  const words = ['bin/holdfast.js', 'drill', 'cluster', ...flags]
  const { stdout } = await run(process.execPath, words, { cwd: ROOT })
  const { acknowledged, probes, faults, ...broken } = JSON.parse(stdout) as ClusterDrillReport
  expect(acknowledged).toBeGreaterThan(0)
  expect(probes).toBeGreaterThan(0)
  expect(Object.keys(faults)).not.toEqual([])
  expect(broken).toEqual({
    seed: Number(seed),
    lost: 0,
    oversold: 0,
    stranded: 0,
    doubled: 0,
    ledgerDifferences: 0,
    hashMismatches: 0,
    late: 0,
  })
})

test('a drill without a usable file is a fault, not a broken promise', async () => {
  const words = ['bin/holdfast.js', 'drill', 'cluster', '--file', 'nowhere.csv', ...SMALL]
  const failed = run(process.execPath, words, { cwd: ROOT })
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/nowhere/) })
})

test('a drill that is told to end leaves no process behind', async () => {
  const data = newDirectory()
  const words = ['bin/holdfast.js', 'drill', 'cluster', '--limit', '100', '--data', data]
  const child = spawn(process.execPath, words, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr += text
  })
  // Nats-server, two owners and two gateways; sometimes one of them has a worker of its own.
  const family = await vi.waitFor(() => {
    const pids = descendantsOf(Number(child.pid))
    expect(pids.length).toBeGreaterThanOrEqual(5)
    return pids
  }, SOON)
  onTestFinished(() => {
    for (const pid of family.filter(isRunning)) process.kill(pid, 'SIGKILL')
  })
  const gone = once(child, 'exit')
  child.kill('SIGINT')
  expect(await gone).toEqual([1, null])
  expect(stderr).toContain(`drill: The drill was told to end.\nThe data is in ${data}.\n`)
  expect(family.filter(isRunning)).toEqual([])
})
