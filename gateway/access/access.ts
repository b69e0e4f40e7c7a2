// Who may do what, made of the settings: keys, buyers' tokens, rates, and the refusal to stand open to a network.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { ConfigError } from '../config.ts'
import type { AccessSettings } from '../settings.ts'
import { KeyFileError } from './errors.ts'
import { isUrl, Jwks, requireJwks } from './jwks.ts'
import { KeyRing } from './key-ring.ts'
import { isLoopback } from './loopback.ts'

/** A shared secret is no better than its length: 256 bits, as HS256 asks for. */
const SECRET_BYTES_MIN = 32
/** No honest caller fails so often in a second, and a guesser gets nowhere at any pace: this spares us the answers. */
const FAILURES_PER_ADDRESS = 10

/** What buyers' tokens are checked by. */
export interface BuyerTokens {
  /** A secret shared with the issuer, or its public keys. */
  readonly keys: string | Jwks
  readonly issuer: string | undefined
  readonly audience: string | undefined
}

/** Requests per second; 0 is without limit. */
export interface Rates {
  readonly perKey: number
  readonly perBuyer: number
  readonly perAddress: number
  /** Failed authentications of one address that are answered one by one; more are `rate_limited`. */
  readonly failuresPerAddress: number
}

/** What the HTTP face needs to know about its callers. Without keys and tokens everybody may do everything. */
export interface Access {
  readonly keys: KeyRing | undefined
  readonly tokens: BuyerTokens | undefined
  readonly rates: Rates
  /** Origins of pages that may call, as browsers name them. */
  readonly corsOrigins: readonly string[]
  /** Addresses and CIDRs of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  /** Whether live stock is there for everybody. */
  readonly isStockPublic: boolean
}

/** No keys, no limits: for servers that nobody else can reach, and for tests. */
export const ACCESS_FOR_ANYONE: Access = {
  keys: undefined,
  tokens: undefined,
  rates: { perKey: 0, perBuyer: 0, perAddress: 0, failuresPerAddress: FAILURES_PER_ADDRESS },
  corsOrigins: [],
  trustedProxies: [],
  isStockPublic: false,
}

/**
 * Reads what the settings name: files of keys and secrets.
 * @throws ConfigError with every mistake; also when another machine could reach a server that asks nobody who he is.
 */
export function openAccess(settings: AccessSettings, logger: FastifyBaseLogger): Access {
  const mistakes: string[] = []
  const access: Access = {
    keys: openKeys(settings, logger, mistakes),
    tokens: openTokens(settings, logger, mistakes),
    rates: {
      perKey: settings.ratePerKey,
      perBuyer: settings.ratePerBuyer,
      perAddress: settings.ratePerAddress,
      failuresPerAddress: FAILURES_PER_ADDRESS,
    },
    corsOrigins: listed(settings.corsOrigins, '--cors-origins', isOrigin, mistakes),
    trustedProxies: listed(settings.trustProxy, '--trust-proxy', isNetwork, mistakes),
    isStockPublic: settings.publicStock === 'yes',
  }
  if (mistakes.length === 0 && asksNobody(access)) heedOpenness(settings, logger, mistakes)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return access
}

/**
 * What the status port of a core asks of its callers: a key where a file of keys is named.
 * @throws ConfigError when the file is none, or without one another machine could reach the port.
 */
export function openStatusAccess(
  settings: { readonly keysFile?: string; readonly statusHost: string },
  logger: FastifyBaseLogger,
): Access {
  const mistakes: string[] = []
  const keys = openKeys(settings, logger, mistakes)
  if (settings.keysFile === undefined && !isLoopback(settings.statusHost)) {
    mistakes.push(`--status-host ${settings.statusHost}: other machines need --keys-file`)
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return { ...ACCESS_FOR_ANYONE, keys }
}

/** Whether everybody who reaches the server may do everything. */
export function asksNobody({ keys, tokens }: Access): boolean {
  return keys === undefined && tokens === undefined
}

/** Follows the key file, and fetches the issuer's keys ahead of the first token. */
export function startAccess({ keys, tokens }: Access, logger: FastifyBaseLogger): void {
  keys?.follow()
  if (tokens?.keys instanceof Jwks) {
    tokens.keys
      .load()
      .catch((error) => logger.error({ err: error }, 'the JWKS cannot be read: no token is good'))
  }
}

function heedOpenness(
  { host, trustProxy }: AccessSettings,
  logger: FastifyBaseLogger,
  mistakes: string[],
): void {
  if (trustProxy !== undefined) {
    const words =
      'others come in through a proxy, so somebody must ask who they are: add --keys-file'
    mistakes.push(`--trust-proxy: ${words}`)
  } else if (isLoopback(host)) {
    const words = 'no keys: anybody on this machine may do everything (see holdfast keys --help)'
    logger.warn({ host }, words)
  } else {
    mistakes.push(
      `--host ${host}: without keys anybody who reaches this address could sell and change stock. ` +
        'Make a key and name its file:\n' +
        '    holdfast keys add --name shop --scope sell,read --keys-file keys.json\n' +
        '    … --keys-file keys.json',
    )
  }
}

function openKeys(
  { keysFile }: { readonly keysFile?: string },
  logger: FastifyBaseLogger,
  mistakes: string[],
): KeyRing | undefined {
  if (keysFile === undefined) return undefined
  try {
    return new KeyRing(keysFile, logger)
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error
    mistakes.push(`--keys-file: ${error.message}`)
    return undefined
  }
}

function openTokens(
  settings: AccessSettings,
  logger: FastifyBaseLogger,
  mistakes: string[],
): BuyerTokens | undefined {
  const { buyerTokenSecretFile: secretFile, buyerTokenJwks: jwks } = settings
  const { buyerTokenIssuer: issuer, buyerTokenAudience: audience } = settings
  if (secretFile !== undefined && jwks !== undefined) {
    mistakes.push('--buyer-token-secret-file and --buyer-token-jwks: name one of them')
    return undefined
  }
  if (jwks !== undefined) {
    if (!isUrl(jwks)) checkJwksFile(jwks, mistakes)
    return { keys: new Jwks(jwks, logger), issuer, audience }
  }
  if (secretFile !== undefined) {
    return { keys: readSecret(secretFile, mistakes), issuer, audience }
  }
  if (issuer === undefined && audience === undefined) return undefined
  mistakes.push('--buyer-token-issuer and -audience say nothing without a secret file or a JWKS')
  return undefined
}

function checkJwksFile(path: string, mistakes: string[]): void {
  try {
    requireJwks(readFileSync(path, 'utf8'))
  } catch (error) {
    mistakes.push(`--buyer-token-jwks: ${path}: ${error instanceof Error ? error.message : error}`)
  }
}

// A public key in PEM, or a JWKS, taken for a shared secret would let everybody sign.
function readSecret(path: string, mistakes: string[]): string {
  const flag = '--buyer-token-secret-file'
  try {
    const secret = readFileSync(path, 'utf8').replace(/\r?\n$/, '')
    if (/-----BEGIN |^\s*[{[]/.test(secret)) {
      mistakes.push(`${flag}: ${path} holds a key, not a shared secret; see --buyer-token-jwks`)
    } else if (Buffer.byteLength(secret) < SECRET_BYTES_MIN) {
      mistakes.push(`${flag}: ${path} must hold ${SECRET_BYTES_MIN} bytes at least`)
    }
    return secret
  } catch (error) {
    mistakes.push(`${flag}: ${error instanceof Error ? error.message : error}`)
    return ''
  }
}

function listed(
  said: string | undefined,
  flag: string,
  isGood: (one: string) => boolean,
  mistakes: string[],
): readonly string[] {
  const all = said === undefined ? [] : said.split(',').map((one) => one.trim())
  for (const one of all) if (!isGood(one)) mistakes.push(`${flag}: ${JSON.stringify(one)} is none`)
  return all
}

function isOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  // A pattern would be held against origins letter by letter, and let nobody in.
  const isWhole = url !== undefined && /^https?:$/.test(url.protocol) && url.origin === text
  return isWhole && !text.includes('*')
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 6 ? 128 : 32))
  )
}
