// deploy/nats/permissions.conf on a real nats-server: enough for every role to do its work, and nothing beyond it.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HoldfastProcess } from '../../../gateway/cluster/holdfast-process.ts'
import { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import { NatsLink } from '../../../gateway/nats/link.ts'
import { linkOptions } from '../../../gateway/nats/link-options.ts'
import { directoryForAll } from '../../fixtures/temp-directory.ts'

const ROLES = ['core', 'gateway', 'service', 'fast', 'shop'] as const
type Role = (typeof ROLES)[number]
const PERMISSIONS = fileURLToPath(new URL('../../../deploy/nats/permissions.conf', import.meta.url))

const directory = directoryForAll()
let nats: NatsServer
let core: HoldfastProcess
let gateway: HoldfastProcess

beforeAll(async () => {
  const passwords = ROLES.map((role) => [`HOLDFAST_${role.toUpperCase()}_PASSWORD`, `of-${role}`])
  const configuration = passwords.reduce(
    (text, [variable, password]) => text.replaceAll(`$${variable}`, `"${password}"`),
    readFileSync(PERMISSIONS, 'utf8'),
  )
  nats = new NatsServer({ directory: `${directory()}/nats`, configuration })
  await nats.start()
  const words = (command: string, ...more: string[]) => [
    ...[command, '--nats', nats.url, '--nats-user', command, '--nats-password', `of-${command}`],
    ...more,
  ]
  core = new HoldfastProcess({
    name: 'core',
    words: () => words('core', '--data', directory(), '--lease-ms', '10000'),
    readyWhen: 'serving',
  })
  gateway = new HoldfastProcess({
    name: 'gateway',
    words: () => words('gateway'),
    readyWhen: 'serving',
    port: 0,
  })
  await Promise.all([core.start(), gateway.start()])
})

afterAll(async () => {
  await gateway?.stop()
  await core?.stop()
  await nats?.stop()
})

/** A link of a role; it notes what the server denies. */
async function linkOf(role: Role): Promise<{ link: NatsLink; denied: string[] }> {
  const settings = { nats: nats.url, natsUser: role, natsPassword: `of-${role}` }
  const denied: string[] = []
  const link = await NatsLink.connect({
    ...linkOptions(settings, role),
    inbox: `_INBOX_${role === 'fast' ? 'client' : role}`,
    onTrouble: (reason) => denied.push(reason),
  })
  return { link, denied }
}

describe('with least permissions', () => {
  test('a sale goes from the first request to the lease and back', async () => {
    const call = async (method: string, path: string, body: object) => {
      const headers = { 'content-type': 'application/json' }
      const init = { method, headers, body: JSON.stringify(body) }
      return (await fetch(gateway.url + path, init)).status
    }
    expect(await call('PUT', '/v1/skus/shoe', { stock: 1 })).toBe(201)
    const reserve = { sku: 'shoe', buyer: 'ada', quantity: 1 }
    expect(await call('POST', '/v1/reservations', reserve)).toBe(201)
    expect(await call('POST', '/v1/reservations', reserve)).toBe(409)
    expect(await core.stop(), 'the lease is handed back').toBe(0)
    await core.start()
    expect(await call('POST', '/v1/reservations', reserve)).toBe(409)
  })

  test.each<[Role, string]>([
    ['core', 'holdfast.main.p.0.cmd'],
    ['core', 'holdfast.main.api.reserve'],
    ['core', '$JS.API.STREAM.DELETE.KV_holdfast_main'],
    ['core', '_INBOX_gateway.forged'],
    ['gateway', 'holdfast.main.stock.0'],
    ['gateway', '$KV.holdfast_main_leases.p.0'],
    ['gateway', '$JS.API.INFO'],
    ['service', 'holdfast.main.p.0.cmd'],
    ['service', 'holdfast.main.stock.0'],
    ['fast', 'holdfast.main.stock.0'],
    ['fast', '$KV.holdfast_main.cluster'],
    ['shop', 'holdfast.main.p.0.cmd'],
    ['shop', 'holdfast.main.api.reserve'],
  ])('%s may not publish to %s', async (role, subject) => {
    const { link, denied } = await linkOf(role)
    link.publish(subject, new Uint8Array(0))
    await link.connection.flush()
    await expect.poll(() => denied.join('\n')).toContain(subject)
    await link.close()
  })

  test.each<[Role, string]>([
    ['core', 'holdfast.main.api.>'],
    ['core', '_INBOX_gateway.>'],
    ['gateway', 'holdfast.main.p.*.cmd'],
    ['gateway', '_INBOX_client.>'],
    ['service', '_INBOX_gateway.>'],
    ['service', 'holdfast.main.p.0.cmd'],
    ['fast', 'holdfast.main.p.0.cmd'],
    ['shop', '>'],
  ])('%s may not listen to %s', async (role, subject) => {
    const { link, denied } = await linkOf(role)
    link.connection.subscribe(subject, { callback: () => undefined })
    await link.connection.flush()
    await expect.poll(() => denied.join('\n')).toContain(subject)
    await link.close()
  })
})
