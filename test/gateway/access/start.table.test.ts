// Which settings a server refuses to start with: an open door to a network, files that are not there, contradictions.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { asksNobody, openAccess } from '../../../gateway/access/access.ts'
import { isLoopback } from '../../../gateway/access/loopback.ts'
import { ConfigError, loadConfig } from '../../../gateway/config.ts'
import { gatewaySettings, serveSettings } from '../../../gateway/settings.ts'
import { testKeys } from '../../fixtures/guarded-app.ts'
import { endServersAfterEach, RealServer } from '../../fixtures/real-server.ts'
import { directoryForAll } from '../../fixtures/temp-directory.ts'
import { issuerKey, TOKEN_SECRET } from '../../fixtures/tokens.ts'

const directory = directoryForAll()
const { path: keysFile } = testKeys(directory(), ['sell'])
const written = (name: string, text: string): string => {
  const path = join(directory(), name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
const secretFile = written('secret', `${TOKEN_SECRET}\n`)
const issuer = issuerKey('ES256', 'one')
const jwksFile = written('jwks.json', JSON.stringify({ keys: [issuer.jwk] }))

/** What a server says to `flags`: its mistakes, or what it warns of. */
function opened(flags: Record<string, string>) {
  const said: string[] = []
  const logger = pino({ level: 'warn' }, { write: (line: string) => void said.push(line) })
  try {
    const access = openAccess(loadConfig(serveSettings, flags, {}), logger)
    return { access, said, mistakes: [] }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { access: undefined, said, mistakes: error.mistakes }
  }
}

describe('an address', () => {
  test.each([
    ...[
      '127.0.0.1',
      '127.1.2.3',
      '127.255.255.255',
      '::1',
      '0:0:0:0:0:0:0:1',
      'localhost',
      'LOCALHOST',
    ],
    ...['::ffff:127.0.0.1', '::1%lo'],
  ])('that only this machine reaches: %s', (host) => expect(isLoopback(host)).toBe(true))

  test.each([
    ...['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '::2', 'fe80::1', '::ffff:10.0.0.1'],
    ...[
      '127.evil.com',
      '127.0.0.1.evil.com',
      'localhost.evil.com',
      'evil.com',
      '127.1',
      '1270.0.0.1',
    ],
    ...['', ' ', ' 127.0.0.1', 'localhost.', '127.0.0.1:80', '[::1]'],
  ])('that others may reach: %j', (host) => expect(isLoopback(host)).toBe(false))
})

describe('without keys', () => {
  test.each(['127.0.0.1', '::1', 'localhost'])(
    '%s is listened on, and that is said loudly',
    (host) => {
      const { access, said, mistakes } = opened({ host })
      expect(mistakes).toEqual([])
      expect(access && asksNobody(access)).toBe(true)
      expect(said.join()).toMatch(/anybody on this machine may do everything/)
    },
  )

  test.each(['0.0.0.0', '::', '192.168.1.1', '127.evil.com', 'shop.example'])(
    '%s is refused in words that help',
    (host) => {
      const { mistakes } = opened({ host })
      expect(mistakes).toHaveLength(1)
      expect(mistakes[0]).toContain(`--host ${host}`)
      expect(mistakes[0]).toContain('holdfast keys add --name shop --scope sell,read --keys-file')
    },
  )

  test('limits, origins and proxies do not make it safe', () => {
    const flags = { ratePerAddress: '1', corsOrigins: 'https://a.example', trustProxy: '10.0.0.1' }
    expect(opened({ host: '0.0.0.0', ...flags }).mistakes).toHaveLength(1)
  })
})

describe('with callers that have to say who they are', () => {
  test.each<[string, Record<string, string>]>([
    ['a key file', { keysFile }],
    ['a secret', { buyerTokenSecretFile: secretFile }],
    ['a JWKS in a file', { buyerTokenJwks: jwksFile }],
    ['a JWKS at a URL', { buyerTokenJwks: 'https://id.example/jwks' }],
    ['keys and tokens', { keysFile, buyerTokenJwks: jwksFile, buyerTokenIssuer: 'x' }],
  ])('any address is listened on: %s', (_, flags) => {
    const { mistakes, said } = opened({ host: '0.0.0.0', ...flags })
    expect([mistakes, said]).toEqual([[], []])
  })
})

describe('a mistake', () => {
  const empty = written('empty', '')
  const pem = written('key.pem', String(issuer.publicKey.export({ type: 'spki', format: 'pem' })))
  test.each<[string, RegExp, Record<string, string>]>([
    [
      'a key file that is not there',
      /--keys-file: .*holdfast keys add/,
      { keysFile: '/none.json' },
    ],
    ['a key file that is none', /--keys-file: .*no JSON/, { keysFile: secretFile }],
    [
      'a secret that is not there',
      /--buyer-token-secret-file: ENOENT/,
      { buyerTokenSecretFile: '/none' },
    ],
    ['a short secret', /32 bytes/, { buyerTokenSecretFile: written('short', 'x'.repeat(31)) }],
    ['an empty secret', /32 bytes/, { buyerTokenSecretFile: empty }],
    ['a public key as a secret', /not a shared secret/, { buyerTokenSecretFile: pem }],
    ['a JWKS as a secret', /not a shared secret/, { buyerTokenSecretFile: jwksFile }],
    ['a JWKS that is not there', /--buyer-token-jwks: .*ENOENT/, { buyerTokenJwks: '/none' }],
    [
      'a JWKS without keys',
      /no public key of use/,
      { buyerTokenJwks: written('no', '{"keys":[]}') },
    ],
    [
      'a secret and a JWKS',
      /name one/,
      { buyerTokenSecretFile: secretFile, buyerTokenJwks: jwksFile },
    ],
    ['an issuer of nothing', /say nothing/, { buyerTokenIssuer: 'x' }],
    ['an audience of nothing', /say nothing/, { keysFile, buyerTokenAudience: 'x' }],
    ['an origin with a path', /--cors-origins: "https:/, { corsOrigins: 'https://a.example/' }],
    ['every origin', /--cors-origins: "\*"/, { corsOrigins: 'https://a.example,*' }],
    ['a pattern of origins', /--cors-origins: "https:/, { corsOrigins: 'https://*.example' }],
    ['an origin that is null', /--cors-origins: "null"/, { corsOrigins: 'null' }],
    ['a proxy but no keys', /--trust-proxy: .*--keys-file/, { trustProxy: '127.0.0.1' }],
    ['a proxy by name', /--trust-proxy: "loopback"/, { trustProxy: 'loopback' }],
    [
      'a network that is too narrow',
      /--trust-proxy: "10.0.0.0\/33"/,
      { trustProxy: '10.0.0.0/33' },
    ],
    ['an empty proxy', /--trust-proxy: ""/, { trustProxy: '10.0.0.1,' }],
  ])('is %s', (_, words, flags) => {
    const { mistakes } = opened(flags)
    expect(mistakes).toHaveLength(1)
    expect(mistakes[0]).toMatch(words)
  })

  test('is told with all the others', () => {
    const flags = { keysFile: '/none', corsOrigins: '*', trustProxy: 'x', buyerTokenIssuer: 'x' }
    expect(opened(flags).mistakes).toHaveLength(4)
  })

  test('is one for a gateway, too', () => {
    const settings = loadConfig(gatewaySettings, { host: '0.0.0.0' }, {})
    expect(() => openAccess(settings, pino({ level: 'silent' }))).toThrow(ConfigError)
  })
})

describe('holdfast serve', () => {
  endServersAfterEach()

  test('exits 78 before it touches anything, and says what to do', async () => {
    const data = join(directory(), 'data')
    const flags = ['--host', '0.0.0.0', '--keys-file', join(directory(), 'none.json')]
    const { status, stdout, stderr } = await RealServer.refuse(data, { flags })
    expect([status, stdout]).toEqual([78, ''])
    expect(stderr).toContain('There is no key file')
    expect(stderr).toContain('holdfast keys add')
  })
})
