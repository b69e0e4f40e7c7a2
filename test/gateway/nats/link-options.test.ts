// Settings for NATS: what they come to, and what is said about those that make no sense.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nkeys } from '@nats-io/transport-node'
import { describe, expect, test } from 'vitest'
import { LinkError } from '../../../gateway/nats/link-error.ts'
import { linkOptions, type NatsSettings } from '../../../gateway/nats/link-options.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const directory = tempDirectories()
const TLS = new URL('../../fixtures/tls/', import.meta.url).pathname
const SECRET = 'tr0ub4dor'

function file(text: string): string {
  const path = join(directory(), 'file')
  writeFileSync(path, text)
  return path
}

function mistake(settings: Partial<NatsSettings>): string {
  try {
    linkOptions({ nats: '127.0.0.1:4222', ...settings }, 'test')
  } catch (error) {
    expect(error).toBeInstanceOf(LinkError)
    expect(error).toMatchObject({ code: 'link_settings' })
    expect(String(error)).not.toContain(SECRET)
    return String(error)
  }
  throw new Error('nothing was wrong')
}

describe('addresses', () => {
  test.each([
    ['127.0.0.1:4222', ['127.0.0.1:4222'], false],
    ['nats://a.example:5000, b.example:5001', ['a.example:5000', 'b.example:5001'], false],
    ['nats://localhost', ['localhost:4222'], false],
    ['nats://localhost/', ['localhost:4222'], false],
    ['nats://a:1,tls://b:2', ['a:1', 'b:2'], true],
    ['[::1]:4222', ['[::1]:4222'], false],
  ])('%s', (nats, servers, isTls) => {
    const options = linkOptions({ nats }, 'test')
    const tls = { checkServerIdentity: expect.any(Function) }
    expect(options).toEqual({ servers, name: 'test', ...(isTls && { tls }) })
  })

  test.each([
    ['', /--nats is empty/],
    ['http://a:1', /--nats: address 1 of 1 is not nats:\/\/host:port/],
    ['ws://a:1', /address 1 of 1/],
    ['a:1,,b:2', /address 2 of 3/],
    ['a:1,', /address 2 of 2/],
    ['nats://a:99999', /address 1 of 1/],
    ['nats://a:0', /address 1 of 1/],
    ['nats://:4222', /address 1 of 1/],
    ['nats://a:1/path', /address 1 of 1/],
    ['nats://a b:1', /address 1 of 1/],
    [`nats://:${SECRET}@a:1`, /address 1 of 1/],
    [`nats://ann:${SECRET},x@a:1`, /address 1 of 2 .* write , @/],
    [`nats://ann:%zz${SECRET}@a:1`, /percent-encoded/],
    [`nats://ann:${SECRET}@a:1,nats://bob:${SECRET}@b:1`, /different logins/],
  ])('refuses %j', (nats, words) => {
    expect(mistake({ nats })).toMatch(words)
  })

  test('give up their login, which the client library would ignore', () => {
    const named = linkOptions({ nats: 'nats://ann:a%40b@a:1,b:2' }, 'test')
    expect(named.servers).toEqual(['a:1', 'b:2'])
    expect(named.authenticator?.()).toEqual({ user: 'ann', pass: 'a@b' })
    const token = linkOptions({ nats: 'nats://t0ken@a:1' }, 'test')
    expect(token.authenticator?.()).toEqual({ auth_token: 't0ken' })
  })
})

describe('settings that contradict each other', () => {
  test.each<[Partial<NatsSettings>, RegExp]>([
    [{ natsUser: 'ann' }, /--nats-user and --nats-password belong together/],
    [{ natsPassword: SECRET }, /--nats-user and --nats-password belong together/],
    [{ natsToken: '' }, /--nats-token is empty/],
    [
      { natsUser: 'ann', natsPassword: SECRET, natsToken: SECRET },
      /More than one way to log in: --nats-user, --nats-token/,
    ],
    [
      { natsNkeyFile: 'a', natsCredsFile: 'b' },
      /More than one way to log in: --nats-nkey-file, --nats-creds-file/,
    ],
    [
      { nats: `nats://ann:${SECRET}@a:1`, natsToken: SECRET },
      /a login inside --nats, --nats-token/,
    ],
    [
      { natsTlsCertFile: `${TLS}client.pem` },
      /--nats-tls-cert-file and --nats-tls-key-file belong/,
    ],
    [{ natsTlsKeyFile: `${TLS}client.key` }, /--nats-tls-cert-file and --nats-tls-key-file belong/],
  ])('%j', (settings, words) => {
    expect(mistake(settings)).toMatch(words)
  })
})

describe('files that are of no use', () => {
  test.each<keyof NatsSettings>(['natsNkeyFile', 'natsCredsFile', 'natsTlsCaFile'])(
    '%s: absent, a folder, or something else',
    (setting) => {
      const flag = `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
      expect(mistake({ [setting]: join(directory(), 'absent') })).toMatch(`${flag}: ENOENT`)
      expect(mistake({ [setting]: directory() })).toMatch(`${flag}: EISDIR`)
      const path = file(`SU${SECRET}`)
      expect(mistake({ [setting]: path })).toMatch(`${flag}: ${path} `)
    },
  )

  test('an account seed is no user seed', () => {
    const path = file(Buffer.from(nkeys.createAccount().getSeed()).toString())
    expect(mistake({ natsNkeyFile: path })).toMatch(/holds no NKey seed/)
  })

  test('a key that belongs to another certificate', () => {
    const files = { natsTlsCertFile: `${TLS}client.pem`, natsTlsKeyFile: `${TLS}server.key` }
    expect(mistake(files)).toMatch(/--nats-tls-key-file: .*server.key holds no unencrypted private/)
  })
})

test('a key file that is replaced is read again, and does no harm while it is half-written', () => {
  const seedOf = (keys = nkeys.createUser()) => Buffer.from(keys.getSeed()).toString()
  const path = file(`${seedOf()}\n`)
  const { authenticator } = linkOptions({ nats: 'a:1', natsNkeyFile: path }, 'test')
  const first = authenticator?.('nonce')
  const next = nkeys.createUser()
  writeFileSync(path, seedOf(next))
  const second = authenticator?.('nonce')
  expect(first).not.toEqual(second)
  expect(second).toMatchObject({ nkey: next.getPublicKey() })
  writeFileSync(path, seedOf().slice(0, 10))
  expect(authenticator?.('nonce')).toMatchObject({ nkey: next.getPublicKey() })
})
