// Much at once: batches of a megabyte through NATS, and processes that do not keep up with what pours on them.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test, vi } from 'vitest'
import { partitionOfSku } from '../../../core/partition-of.ts'
import type { HoldfastProcess } from '../../../gateway/cluster/holdfast-process.ts'
import { Crowd } from '../../fixtures/sales.ts'
import { ROOT } from '../../fixtures/source-files.ts'
import { clusterForAll, SOON } from '../../fixtures/test-cluster.ts'

const MEBIBYTE = 2 ** 20
const OPERATIONS = 1_000
/** What an owner may hold besides its journal's pages: most of it is the young generation that bin/holdfast.js asks for. */
const CORE_BYTES_MAX = 256 * MEBIBYTE

let cores: HoldfastProcess[]
let gateways: [HoldfastProcess, HoldfastProcess]
// As small as it can be while a frame still passes: who does not take so much is cut off.
const nats = `max_pending: ${2 * MEBIBYTE}\nwrite_deadline: "1s"`
const cluster = clusterForAll({ partitions: 2, leaseMs: 20_000, nats }, async (one) => {
  cores = [one.core(0), one.core(1)]
  gateways = [one.gateway('gateway 0'), one.gateway('gateway 1')]
  await one.start(...cores, ...gateways)
  for (const sku of SKUS) await one.sales.open(gateways[0], sku, 1_000_000_000)
})

/** As long as a name can be. */
const SKUS = [0, 1].map((partition) => {
  for (let number = 0; ; number++) {
    const sku = `${'long-'.repeat(11)}${String(number).padStart(9, '0')}`
    if (partitionOfSku(sku, 2) === partition) return sku
  }
})

/** Sells a thousand times in one request of nearly a megabyte; gives its bytes. */
async function batch(gateway: HoldfastProcess, name: string): Promise<number> {
  const operations = Array.from({ length: OPERATIONS }, (_, number) => ({
    op: 'reserve',
    key: `${name}-${number}`.padEnd(255, '.'),
    sku: SKUS[number % 2] as string,
    buyer: `buyer-${number}`.padEnd(64, '-'),
    quantity: 1,
    meta: 'm'.repeat(512),
  }))
  const { sales } = cluster()
  const { status, text, body } = await sales.call(gateway, 'POST', '/v1/batch', { operations })
  expect(status, text.slice(0, 500)).toBe(200)
  const results = body.results ?? []
  expect(results).toHaveLength(OPERATIONS)
  for (const [number, result] of results.entries()) {
    const { key, sku } = operations[number] as { key: string; sku: string }
    expect(result.status, JSON.stringify(result)).toBe(201)
    sales.note(key, result, { sku, quantity: 1 })
  }
  return JSON.stringify({ operations }).length
}

/** Memory that is no file's, in bytes. */
function anonymousBytes(core: HoldfastProcess): number {
  const text = readFileSync(`/proc/${core.process?.pid}/status`, 'utf8')
  return 1_024 * Number(/^RssAnon:\s+(\d+) kB/m.exec(text)?.[1])
}

test('a batch of a megabyte is answered whole', async () => {
  const bytes = await batch(gateways[0], 'one')
  expect(bytes).toBeGreaterThan(0.9 * MEBIBYTE)
  expect(bytes).toBeLessThanOrEqual(MEBIBYTE)
})

/** Somebody who hears everything that is said in NATS; it says how often it was connected, and what it hears last. */
function startEavesdropper(): { child: ChildProcess; said: string[] } {
  const script = `
    import { connect } from '@nats-io/transport-node'
    const connection = await connect({ servers: '${cluster().nats.url}', maxReconnectAttempts: -1, reconnectTimeWait: 50 })
    connection.subscribe('holdfast.>', { callback: (_, message) => console.log(message.subject) })
    await connection.flush()
    console.log('listening')
    for await (const { type } of connection.status()) console.log(type)
  `
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(async () => {
    const gone = once(child, 'exit')
    if (child.kill('SIGKILL')) await gone
  })
  const said: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => said.push(line))
  return { child, said }
}

test('who stands still is cut off or catches up, and harms nobody', async () => {
  const { child, said } = startEavesdropper()
  await vi.waitFor(() => expect(said).toContain('listening'), SOON)
  const [gateway, sleeper] = gateways
  const crowd = new Crowd(cluster().sales, [sleeper], SKUS)
  await crowd.sold(100)
  child.kill('SIGSTOP')
  sleeper.process?.kill('SIGSTOP')
  // More than the kernel's buffers take, and nats-server keeps.
  for (let number = 0; number < 24; number++) await batch(gateway, `flood-${number}`)
  for (const core of cores) expect(anonymousBytes(core)).toBeLessThan(CORE_BYTES_MAX)

  sleeper.process?.kill('SIGCONT')
  await crowd.sold(100)
  await crowd.end()
  child.kill('SIGCONT')
  await vi.waitFor(() => expect(said).toContain('reconnect'), SOON)
  said.length = 0
  await batch(sleeper, 'afterwards')
  await vi.waitFor(() => expect(said).toContain('holdfast.main.p.0.cmd'), SOON)
})
