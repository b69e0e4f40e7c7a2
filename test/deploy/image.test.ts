// What deploy/ starts, started: from a folder as the image has it, as its user, with nothing to write to but the data.
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test, vi } from 'vitest'
import { NatsServer } from '../../gateway/cluster/nats-server.ts'
import {
  type DeployedProcess,
  deployedProcesses,
  dockerLines,
  FILLED_IN,
  textOf,
} from '../fixtures/deploy-files.ts'
import { assembleImage, ImageProcess, namesIn, ownedFolder } from '../fixtures/image-folder.ts'
import { directoryForAll } from '../fixtures/temp-directory.ts'
import { SOON } from '../fixtures/test-cluster.ts'

const directory = directoryForAll()
const image = () => join(directory(), 'app')
const keys = () => join(directory(), 'keys.json')
const started: ImageProcess[] = []
let before: string[] = []
let nats: NatsServer | undefined
let key = ''

beforeAll(() => {
  chmodSync(directory(), 0o755)
  assembleImage(image())
  before = namesIn(image())
  const words = ['keys', 'add', '--name', 'monitor', '--scope', 'read', '--keys-file', keys()]
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/holdfast.js', ...words], {
    cwd: image(),
    encoding: 'utf8',
  })
  expect(status, stderr).toBe(0)
  key = stdout.split('\n')[0] ?? ''
  chmodSync(keys(), 0o644)
})
afterEach(async () => {
  for (const one of started.splice(0)) await one.end('SIGKILL')
  await nats?.kill()
})

/**
 * Starts a process as deployed, on its own address, but on free ports, with data and NATS of the test; with its file of
 * keys where the deployment names one.
 */
function run(deployed: DeployedProcess, more: Readonly<Record<string, string>>): ImageProcess {
  const { environment } = deployed
  const { HOLDFAST_KEYS_FILE: keysFile, HOLDFAST_STATUS_PORT: statusPort } = environment
  const one = new ImageProcess(image(), deployed.words, {
    ...environment,
    ...(keysFile === undefined ? {} : { HOLDFAST_KEYS_FILE: keys() }),
    ...(statusPort === undefined ? {} : { HOLDFAST_STATUS_PORT: '0' }),
    HOLDFAST_PORT: '0',
    ...more,
  })
  started.push(one)
  return one
}

function deployedAt(place: string): DeployedProcess {
  const found = deployedProcesses().find((one) => one.place === place)
  if (found === undefined) throw new Error(`nothing is deployed as ${place}`)
  return found
}

/** Who may say what, with the password that deployed processes of tests have. */
function permissions(): string {
  const text = textOf('deploy/nats/permissions.conf')
  return text.replace(/\$HOLDFAST_\w+_PASSWORD/g, JSON.stringify(FILLED_IN))
}

/** The image's own probe. */
function probe(url: string): number | null {
  return spawnSync(process.execPath, ['bin/probe.js', url], { cwd: image() }).status
}

async function scrape(url: string, headers: Readonly<Record<string, string>> = {}) {
  return (await fetch(`${url}/metrics`, { headers })).status
}

test('the image serves, is found healthy by its own probe, and drains on its signal', async () => {
  const data = ownedFolder(join(directory(), 'serve'))
  const server = run(deployedAt('docs/deploy.md docker run'), { HOLDFAST_DATA: data })
  const url = await server.url()
  await vi.waitFor(() => expect(probe(`${url}/readyz`), server.said).toBe(0), SOON)
  const [check = ''] = dockerLines('HEALTHCHECK')
  const [, script, asked = ''] = JSON.parse(check.slice(check.indexOf('['))) as string[]
  expect([script, new URL(asked).port]).toEqual(['bin/probe.js', '7070'])
  expect(probe(`${url}${new URL(asked).pathname}`)).toBe(0)
  expect(probe(`${url}/v1/skus`), 'what is refused is not healthy').toBe(1)
  expect(await server.end('SIGTERM'), server.said).toBe(0)
  expect(probe(`${url}/healthz`), 'nor is what is gone').toBe(1)
  expect(namesIn(image()), 'it wrote to its data alone').toEqual(before)
})

test('without keys the image refuses the address that it is for', async () => {
  const data = ownedFolder(join(directory(), 'keyless'))
  const server = run(deployedAt('deploy/Dockerfile'), { HOLDFAST_DATA: data })
  await expect(server.url()).rejects.toThrow(/keys/)
  expect(server.child.exitCode).toBe(78)
})

test('the cluster of the compose file gets ready, and drains on its signal', async () => {
  nats = new NatsServer({ directory: join(directory(), 'nats'), configuration: permissions() })
  await nats.start()
  const address = nats.url
  const data = ownedFolder(join(directory(), 'cores'))
  const cores = ['core-0', 'core-1'].map((name) =>
    run(deployedAt(`deploy/compose.yml ${name}`), {
      HOLDFAST_NATS: address,
      HOLDFAST_DATA: data,
    }),
  )
  const gateway = run(deployedAt('deploy/compose.yml gateway-1'), { HOLDFAST_NATS: address })
  for (const one of [...cores, gateway]) {
    const url = await one.url()
    const ready = async () => (await fetch(`${url}/readyz`)).status
    await vi.waitFor(async () => expect(await ready(), one.said).toBe(200), SOON)
    expect(await scrape(url), 'nobody is told its metrics without a key').toBe(401)
    expect(await scrape(url, { authorization: `Bearer ${key}` })).toBe(200)
  }
  const codes = await Promise.all([gateway, ...cores].map((one) => one.end('SIGTERM')))
  expect(codes).toEqual([0, 0, 0])
  expect(namesIn(image()), 'they wrote to their data alone').toEqual(before)
})
