// A trace through real processes: the gateway's log lines carry it, the owner's too, and the answer says what took long.
import { headers } from '@nats-io/transport-node'
import { expect, test, vi } from 'vitest'
import type { HoldfastProcess } from '../../../gateway/cluster/holdfast-process.ts'
import { NatsLink } from '../../../gateway/nats/link.ts'
import { SOON, type TestCluster, testClusters } from '../../fixtures/test-cluster.ts'

const newCluster = testClusters()
const PARENT = 'b7ad6b7169203331'

/** The lines about a trace. */
function linesOf(cluster: TestCluster, core: HoldfastProcess, traceId: string) {
  const lines = cluster.log(core) as unknown as Record<string, unknown>[]
  return lines.filter((line) => line['traceId'] === traceId)
}

test('over HTTP and over the native API the owner logs the trace of a call', async () => {
  const cluster = newCluster()
  const core = cluster.core(0, { flags: ['--log-level', 'debug'] })
  const gateway = cluster.gateway()
  await cluster.start(core, gateway)
  await cluster.sales.open(gateway, 'shoe', 10)

  const overHttp = '0af7651916cd43dd8448eb211c80319c'
  const response = await fetch(`${gateway.url}/v1/reservations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${overHttp}-${PARENT}-01` },
    body: JSON.stringify({ sku: 'hat', buyer: 'ada', quantity: 1 }),
  })
  expect(response.status).toBe(404)
  expect(response.headers.get('server-timing')).toMatch(
    /^queue;dur=\d+\.\d{3}, actor;dur=\d+\.\d{3}, journal;dur=\d+\.\d{3}, nats;dur=\d+\.\d{3}$/,
  )
  await vi.waitFor(() => expect(linesOf(cluster, core, overHttp)).toHaveLength(1), SOON)
  expect(linesOf(cluster, core, overHttp)).toMatchObject([
    { level: 20, spanId: PARENT, command: 'reserve', answered: 'unknown_sku' },
  ])

  const natively = '4bf92f3577b34da6a3ce929d0e0e4736'
  const link = await NatsLink.connect({ servers: [cluster.nats.url], name: 'caller' })
  const head = headers()
  head.set('traceparent', `00-${natively}-${PARENT}-00`)
  const options = { headers: head, timeout: 20_000 }
  await link.connection.request('holdfast.main.api.sku', '{"sku":"shoe"}', options)
  await link.close()
  await vi.waitFor(() => expect(linesOf(cluster, core, natively)).toHaveLength(1), SOON)
  expect(linesOf(cluster, core, natively)).toMatchObject([
    { spanId: PARENT, command: 'read-sku', answered: 'sku' },
  ])
})
