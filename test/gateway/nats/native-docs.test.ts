// The examples of docs/native-api.md, sent as they stand there.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NATIVE_IN_FLIGHT_MAX } from '../../../gateway/nats/native-api.ts'
import { NATIVE_VERBS, type NativeVerb } from '../../../gateway/nats/native-request.ts'
import { apiSubject } from '../../../gateway/nats/subjects.ts'
import { NativeClient, startNative } from '../../fixtures/native.ts'
import { testNats } from '../../fixtures/nats.ts'
import { ROOT } from '../../fixtures/source-files.ts'
import { testApps } from '../../fixtures/test-app.ts'

const nats = testNats()
const start = testApps()
const page = readFileSync(join(ROOT, 'docs/native-api.md'), 'utf8')
const CALL = /^nats req holdfast\.main\.api\.(\w+) +'(.+)'$/gm

test('every call of the page succeeds, one after the other, and the first answers what it shows', async () => {
  const app = await start()
  await app.open(10)
  const server = await nats.server()
  await startNative(nats, server, app.partitions, { cluster: 'main' })
  const client = new NativeClient(await nats.link(server), 'main')
  const calls = [...page.matchAll(CALL)].map(([, verb, payload]) => [verb, payload] as const)
  expect(calls).toHaveLength(7)
  for (const [index, [verb, payload = '']] of calls.entries()) {
    const { status, body, head } = await client.send(verb as NativeVerb, payload)
    expect(status, verb).toBeLessThan(300)
    for (const result of body.results ?? []) expect(result.status).toBeLessThan(300)
    if (index > 0) continue
    expect(page).toContain(JSON.stringify({ status, body }))
    expect(page).toContain(`Status: ${status}\n`)
    expect(page).toContain(`Content-Type: ${head['Content-Type']}\n`)
  }
})

test('the page names every subject, and the bound of what is in flight', () => {
  for (const verb of NATIVE_VERBS) expect(page).toContain(`\`${apiSubject('main', verb)}\``)
  expect(page).toContain(`${NATIVE_IN_FLIGHT_MAX.toLocaleString('en')} operations that wait`)
})
