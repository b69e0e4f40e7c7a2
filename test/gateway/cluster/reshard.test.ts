// A cluster that was given another number of partitions behind a running gateway's back.
import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ROOT } from '../../fixtures/source-files.ts'
import { endOf, skuOf, testClusters } from '../../fixtures/test-cluster.ts'

const run = promisify(execFile)
const newCluster = testClusters()

test('frames of a gateway that believes in another number of partitions are refused, and it ends', async () => {
  const cluster = newCluster({ partitions: 2, leaseMs: 4_000 })
  const { sales, nats } = cluster
  const gateway = cluster.gateway()
  const cores = [cluster.core(0), cluster.core(1)]
  await cluster.start(...cores, gateway)
  const skus = [skuOf(0, 2), skuOf(1, 2)]
  for (const sku of skus) {
    await sales.open(gateway, sku)
    await sales.sell(gateway, sku, 'before')
  }
  expect(await Promise.all(cores.map((core) => core.stop()))).toEqual([0, 0])
  const resharded = join(cluster.directory, 'resharded')
  const words = ['replay', 'reshard', cluster.data, '--to', '1', '--out', resharded, '--quiet']
  await run(process.execPath, ['bin/holdfast.js', ...words], { cwd: ROOT })
  await nats.kill()
  rmSync(join(cluster.directory, 'nats', 'jetstream'), { recursive: true })
  await nats.start()
  const alone = cluster.core(0, { data: resharded, partitions: 1, name: 'alone' })
  await alone.start()

  // Nobody owns the second partition any more; whoever owns the first one now refuses to be taken for another.
  const refused = await sales.reserve(gateway, String(skus[1]), 'after')
  expect([refused.status, refused.body.code]).toEqual([503, 'partition_unavailable'])
  const misplaced = await sales.reserve(gateway, String(skus[0]), 'after')
  expect([misplaced.status, misplaced.body.code]).toEqual([503, 'partition_unavailable'])
  expect(await endOf(gateway)).toBe(1)
  await cluster.logged(gateway, /^stopping: partition 0 of 2 is none any more: the cluster has/)

  // The next gateway asks anew, and what was sold before the move is known.
  await gateway.start()
  for (const sku of skus) {
    const again = await sales.reserve(gateway, sku, 'before')
    expect([again.status, again.body.sku]).toEqual([200, sku])
  }
})
