// Links to real nats-servers: every way to log in, and TLS.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nkeys } from '@nats-io/transport-node'
import { describe, expect, test } from 'vitest'
import type { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import type { LinkOptions, NatsLink } from '../../../gateway/nats/link.ts'
import { linkOptions, type NatsSettings } from '../../../gateway/nats/link-options.ts'
import { testNats } from '../../fixtures/nats.ts'
import { jwtSetup } from '../../fixtures/nats-jwt.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const directory = tempDirectories()
const nats = testNats()
const TLS = new URL('../../fixtures/tls/', import.meta.url).pathname
const DEADLINE = { timeout: 20_000 }

function file(text: string): string {
  const path = join(directory(), 'file')
  writeFileSync(path, text)
  return path
}

const bytes = (text: string): Uint8Array => Buffer.from(text)

/** The texts that arrive on a subject from now on. */
async function received(link: NatsLink, subject: string): Promise<string[]> {
  const texts: string[] = []
  link.connection.subscribe(subject, {
    callback: (_error, message) => void texts.push(message.string()),
  })
  await link.connection.flush()
  return texts
}

async function expectToWork(link: NatsLink): Promise<void> {
  const texts = await received(link, 'hello')
  expect(link.publish('hello', bytes('world'))).toBe(true)
  await expect.poll(() => texts, DEADLINE).toEqual(['world'])
}

/** Connects with these settings, and gives what an operator hears first. It must not come up. */
async function troubleWith(settings: NatsSettings): Promise<string> {
  const abort = new AbortController()
  const trouble = new Promise<string>((onTrouble) => {
    const options: LinkOptions = { ...linkOptions(settings, 'test'), onTrouble }
    nats.connect(options, abort.signal).then(
      () => onTrouble('it came up'),
      () => undefined,
    )
  })
  const reason = await trouble
  abort.abort()
  return reason
}

function withLogin(server: NatsServer, login: string): string {
  return server.url.replace('nats://', `nats://${login}@`)
}

describe('logging in', () => {
  const REFUSED =
    /^nats-server at 127\.0\.0\.1:\d+ refuses the log-in \('?Authorization Violation'?\)/

  async function expectLogin(
    configuration: string,
    right: (server: NatsServer) => NatsSettings,
    wrong: (server: NatsServer) => NatsSettings,
  ): Promise<void> {
    const server = await nats.server(configuration)
    await expectToWork(await nats.connect(linkOptions(right(server), 'test')))
    expect(await troubleWith(wrong(server))).toMatch(REFUSED)
    expect(await troubleWith({ nats: server.url })).toMatch(REFUSED)
  }

  test('with user and password', () =>
    expectLogin(
      'authorization { user: ann, password: "s3cret" }',
      ({ url }) => ({ nats: url, natsUser: 'ann', natsPassword: 's3cret' }),
      ({ url }) => ({ nats: url, natsUser: 'ann', natsPassword: 'guess' }),
    ))

  test('with user and password in the address', () =>
    expectLogin(
      'authorization { user: ann, password: "s3@cret" }',
      (server) => ({ nats: withLogin(server, 'ann:s3%40cret') }),
      (server) => ({ nats: withLogin(server, 'ann:s3cret') }),
    ))

  test('with a token', () =>
    expectLogin(
      'authorization { token: "t0ken" }',
      ({ url }) => ({ nats: url, natsToken: 't0ken' }),
      ({ url }) => ({ nats: url, natsToken: 'guess' }),
    ))

  test('with an NKey', async () => {
    const [known, unknown] = [nkeys.createUser(), nkeys.createUser()]
    const seedFile = (keys: typeof known) => file(`${Buffer.from(keys.getSeed()).toString()}\n`)
    await expectLogin(
      `authorization { users: [ { nkey: ${known.getPublicKey()} } ] }`,
      ({ url }) => ({ nats: url, natsNkeyFile: seedFile(known) }),
      ({ url }) => ({ nats: url, natsNkeyFile: seedFile(unknown) }),
    )
  })

  test('with a JWT in a creds file', async () => {
    const { configuration, creds, forgedCreds } = jwtSetup()
    await expectLogin(
      configuration,
      ({ url }) => ({ nats: url, natsCredsFile: file(creds) }),
      ({ url }) => ({ nats: url, natsCredsFile: file(forgedCreds) }),
    )
  })
})

describe('TLS', () => {
  const certificate = `cert_file: "${TLS}server.pem", key_file: "${TLS}server.key"`
  const ca = { natsTlsCaFile: `${TLS}ca.pem` }
  const client = { natsTlsCertFile: `${TLS}client.pem`, natsTlsKeyFile: `${TLS}client.key` }

  test('works with our own authority, by address', async () => {
    const server = await nats.server(`tls { ${certificate} }`)
    await expectToWork(await nats.connect(linkOptions({ nats: server.url, ...ca }, 'test')))
  })

  test('works by name, and not by an address that the certificate does not name', async () => {
    const files = `cert_file: "${TLS}named.pem", key_file: "${TLS}named.key"`
    const { url } = await nats.server(`tls { ${files} }`)
    const byName = url.replace('nats://127.0.0.1', 'tls://localhost')
    await expectToWork(await nats.connect(linkOptions({ nats: byName, ...ca }, 'test')))
    expect(await troubleWith({ nats: url, ...ca })).toMatch(/^No TLS .* IP: 127\.0\.0\.1 is not in/)
  })

  test('is not made with a server that a stranger vouches for', async () => {
    const server = await nats.server(`tls { ${certificate} }`)
    const stranger = { nats: server.url, natsTlsCaFile: `${TLS}stranger-ca.pem` }
    const NO_TLS = /^No TLS with nats-server at 127\.0\.0\.1:\d+ .* Check --nats-tls-ca-file/
    expect(await troubleWith(stranger)).toMatch(NO_TLS)
    expect(await troubleWith({ nats: server.url })).toMatch(NO_TLS)
  })

  test('is not done without when the settings ask for it', async () => {
    const server = await nats.server()
    const settings = { nats: server.url.replace('nats:', 'tls:') }
    expect(await troubleWith(settings)).toMatch(/offers no TLS, but the settings ask for it/)
  })

  test('carries a client certificate when the server wants one', async () => {
    const server = await nats.server(
      `tls { ${certificate}, ca_file: "${TLS}ca.pem", verify: true }`,
    )
    const settings = { nats: server.url, ...ca }
    await expectToWork(await nats.connect(linkOptions({ ...settings, ...client }, 'test')))
    expect(await troubleWith(settings)).toMatch(/--nats-tls-cert-file/)
  })
})
