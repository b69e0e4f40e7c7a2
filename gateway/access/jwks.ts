// The public keys that buyers' tokens are checked by: a JWKS from a file or a URL, each key pinned to its algorithms.
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyBaseLogger } from 'fastify'

/** An unknown key id has the set read anew at most so often: whoever makes ids up must not make us flood the issuer. */
const COOLDOWN_MS = 10_000
/** While no set was ever read every token is refused, so the next try comes sooner. */
const FIRST_COOLDOWN_MS = 1_000
/** A set so old is read anew, while its keys still count: an issuer that hangs must not hold up all buyers. */
const AGE_MS_MAX = 300_000
/** The keys of a set so old do not count until another try to read it has ended. */
const TRUSTED_MS_MAX = 3_600_000
const ANSWER_MS_MAX = 5_000
const BYTES_MAX: number = 2 ** 20
const RSA_BITS_MIN = 2_048

const RSA_ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const
const EC_ALGORITHMS: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

/** Every algorithm that a public key may stand for; none of them takes a shared secret. */
export const PUBLIC_KEY_ALGORITHMS = [
  ...RSA_ALGORITHMS,
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

/** What a token's header says of the key that signed it. */
export interface TokenHeader {
  readonly alg?: unknown
  readonly kid?: unknown
}

interface TokenKey {
  readonly kid: string | undefined
  readonly pem: string
  readonly algorithms: readonly string[]
}

/** One JWKS. It is read when it is first needed, when a token names an unknown key, and when it has become old. */
export class Jwks {
  readonly #place: string
  readonly #logger: FastifyBaseLogger
  readonly #nowMs: () => number
  #keys: readonly TokenKey[] = []
  #readAtMs = Number.NEGATIVE_INFINITY
  #triedAtMs = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | undefined

  /** `place` is a path or an http(s) URL; `nowMs` a clock that never runs backwards. */
  constructor(
    place: string,
    logger: FastifyBaseLogger,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#place = place
    this.#logger = logger
    this.#nowMs = nowMs
  }

  /** Reads the set; tokens that come meanwhile wait for it. @throws when it cannot be read or holds no key of use. */
  load(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** The public key, in PEM, of a token with `header`; undefined when there is none for its algorithm. */
  async keyFor(header: TokenHeader): Promise<string | undefined> {
    const ageMs = this.#nowMs() - this.#readAtMs
    const key = this.#find(header)
    if (key !== undefined && ageMs <= AGE_MS_MAX) return key.pem
    const reloaded = this.#reload()
    if (key !== undefined && ageMs <= TRUSTED_MS_MAX) return key.pem
    await reloaded
    return this.#find(header)?.pem
  }

  // The algorithm must be one of this very key: a public key that is taken for a shared secret would let anyone sign.
  #find({ alg, kid }: TokenHeader): TokenKey | undefined {
    const fitting = this.#keys.filter(({ algorithms }) => algorithms.some((one) => one === alg))
    if (kid !== undefined) return fitting.find((key) => key.kid === kid)
    return fitting.length === 1 ? fitting[0] : undefined
  }

  async #read(): Promise<void> {
    this.#triedAtMs = this.#nowMs()
    this.#keys = keysOf(await textAt(this.#place))
    this.#readAtMs = this.#nowMs()
  }

  // Never rejects. What cannot be read leaves the keys as they were: an issuer that is down must not stop a sale.
  async #reload(): Promise<void> {
    if (this.#reading === undefined) {
      const cooldownMs = this.#keys.length === 0 ? FIRST_COOLDOWN_MS : COOLDOWN_MS
      if (this.#nowMs() - this.#triedAtMs < cooldownMs) return
      this.load().catch((error) => this.#logger.error({ err: error }, 'the JWKS cannot be read'))
    }
    await this.#reading?.catch(() => undefined)
  }
}

/** Whether a JWKS is asked for over the network. */
export function isUrl(place: string): boolean {
  return /^https?:\/\//.test(place)
}

/** @throws when the text is no JWKS, or holds no key of use. */
export function requireJwks(text: string): void {
  keysOf(text)
}

async function textAt(place: string): Promise<string> {
  if (!isUrl(place)) return readFile(place, 'utf8')
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  const response = await fetch(place, { signal, redirect: 'error' })
  if (response.status !== 200) throw new Error(`${place} answers ${response.status}`)
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > BYTES_MAX) throw new Error(`${place} answers with more than a JWKS`)
  }
  return text
}

function keysOf(text: string): TokenKey[] {
  const { keys } = JSON.parse(text) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('a JWKS has a list of keys')
  const usable = keys.flatMap((jwk: JsonWebKey) => tokenKey(jwk) ?? [])
  if (usable.length === 0) throw new Error('the JWKS has no public key of use')
  return usable
}

// Keys for other uses and of other kinds may stand in the same set; shared secrets among them count for nothing.
function tokenKey(jwk: JsonWebKey): TokenKey | undefined {
  const { kid, use, alg } = jwk as { kid?: unknown; use?: unknown; alg?: unknown }
  if (use !== undefined && use !== 'sig') return undefined
  const key = publicKey(jwk)
  const algorithms = key === undefined ? [] : algorithmsOf(key)
  const pinned = alg === undefined ? algorithms : algorithms.filter((one) => one === alg)
  if (key === undefined || pinned.length === 0) return undefined
  const pem = String(key.export({ type: 'spki', format: 'pem' }))
  return { kid: typeof kid === 'string' ? kid : undefined, pem, algorithms: pinned }
}

function publicKey(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {}
  switch (asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= RSA_BITS_MIN ? RSA_ALGORITHMS : []
    case 'ec':
      return [EC_ALGORITHMS[namedCurve] ?? []].flat()
    case 'ed25519':
      return ['EdDSA']
    default:
      return []
  }
}
