// The drill's prober: a gateway that runs and does not answer is late, one that was disturbed is not.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import type { HoldfastProcess } from '../../../../gateway/cluster/holdfast-process.ts'
import { Prober } from '../../../../gateway/drill/cluster/prober.ts'
import { SOON } from '../../../fixtures/test-cluster.ts'

/** Deadlines in ms, on top of which comes the prober's own grace of 3 s: one that passes soon, and one that never does. */
const SOON_OVER = -2_900
const NEVER_OVER = 600_000

const servers: Server[] = []
const children: ChildProcess[] = []
const probers: Prober[] = []
afterEach(async () => {
  for (const prober of probers.splice(0)) prober.stop()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface StandIn {
  readonly gateway: HoldfastProcess
  readonly child: ChildProcess
  /** Paths of the probes that have come. */
  readonly asked: string[]
}

/** A gateway with a process that runs; `answers` decides whether it does what gateways do. */
async function standIn(answers: () => boolean): Promise<StandIn> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(String(request.url))
    if (answers()) response.writeHead(404).end('{}')
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const child = spawn(process.execPath, ['--eval', 'setInterval(() => undefined, 1e6)'])
  children.push(child)
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { gateway: { url, process: child } as unknown as HoldfastProcess, child, asked }
}

function proberOf(deadlineMs: number, ...gateways: readonly StandIn[]): Prober {
  const prober = new Prober(
    gateways.map(({ gateway }) => gateway),
    deadlineMs,
  )
  probers.push(prober)
  prober.start()
  return prober
}

const probed = (prober: Prober, count: number) =>
  vi.waitFor(() => expect(prober.probes).toBeGreaterThanOrEqual(count), SOON)

test('a gateway that answers is not late, whatever it says', async () => {
  const gateway = await standIn(() => true)
  const prober = proberOf(NEVER_OVER, gateway)
  await probed(prober, 5)
  expect(prober.late).toBe(0)
  expect(gateway.asked[0]).toMatch(/^\/v1\/skus\/probe-\d+$/)
})

test('a gateway that runs and hangs is late, every time', async () => {
  const hanging = await standIn(() => false)
  const prober = proberOf(SOON_OVER, hanging)
  await vi.waitFor(() => expect(prober.late).toBeGreaterThanOrEqual(2), SOON)
})

test('a gateway that was disturbed while it was asked owes nothing, and something from then on', async () => {
  const hanging = await standIn(() => false)
  const prober = proberOf(SOON_OVER, hanging)
  await vi.waitFor(() => expect(hanging.asked).toHaveLength(1), SOON)
  prober.disturb(0)
  await vi.waitFor(() => expect(prober.late).toBeGreaterThanOrEqual(1), SOON)
  expect(prober.probes).toBe(prober.late + 1)
})

test('a gateway that was killed is not late', async () => {
  const killed = await standIn(() => false)
  const gone = once(killed.child, 'exit')
  killed.child.kill('SIGKILL')
  await gone
  const prober = proberOf(SOON_OVER, killed)
  await probed(prober, 2)
  expect(prober.late).toBe(0)
})

test('a gateway that refuses connections has answered', async () => {
  const refusing = await standIn(() => true)
  servers.at(-1)?.close()
  const prober = proberOf(NEVER_OVER, refusing)
  await probed(prober, 5)
  expect([prober.late, refusing.asked]).toEqual([0, []])
})

test('what is asked when the drill ends counts for nothing', async () => {
  const hanging = await standIn(() => false)
  const prober = proberOf(NEVER_OVER, hanging)
  await vi.waitFor(() => expect(hanging.asked).toHaveLength(1), SOON)
  prober.stop()
  const { probes, late } = prober
  expect([probes, late]).toEqual([0, 0])
})
