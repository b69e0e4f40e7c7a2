// Who sent a request: the word behind `Authorization: Bearer`, and the principal that it stands for.
import type { IncomingMessage } from 'node:http'
import jwt from '@fastify/jwt'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Compile } from '#typebox/compile'
import type { BuyerTokens } from '../access/access.ts'
import { type Jwks, PUBLIC_KEY_ALGORITHMS, type TokenHeader } from '../access/jwks.ts'
import { looksLikeKey } from '../access/key-text.ts'
import type { Principal } from '../access/principal.ts'
import { fields } from '../api/schemas.ts'

const SCHEME = 'Bearer '
const BEARER = /^Bearer ([^ ,]+)$/i
const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const

const buyerName = Compile(fields.buyer)

/** The word that a request is authorised by; undefined when it has none, or something else than one word. */
export function bearerOf({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const { authorization } = headers
  if (authorization === undefined) return undefined
  const word = authorization.slice(SCHEME.length)
  // Services that sell send keys, and many of them: no regular expression for those.
  if (looksLikeKey(word) && authorization.startsWith(SCHEME)) return word
  return BEARER.exec(authorization)?.[1]
}

/** Registers what checks buyers' tokens: signature by an algorithm of the very key, time, issuer and audience. */
export async function checkTokens(app: FastifyInstance, tokens: BuyerTokens): Promise<void> {
  const { keys, issuer, audience } = tokens
  const isShared = typeof keys === 'string'
  await app.register(jwt, {
    secret: { public: isShared ? keys : publicKeyFrom(keys) },
    // The key is chosen by the token's header.
    decode: { complete: true },
    decoratorName: 'buyerToken',
    verify: {
      algorithms: isShared ? [...SECRET_ALGORITHMS] : [...PUBLIC_KEY_ALGORITHMS],
      // A claim that must have a value is only held against it where it stands.
      requiredClaims: [
        'exp',
        'sub',
        ...(issuer === undefined ? [] : ['iss']),
        ...(audience === undefined ? [] : ['aud']),
      ],
      ...(issuer === undefined ? {} : { allowedIss: issuer }),
      ...(audience === undefined ? {} : { allowedAud: audience }),
      // A verdict that was remembered could outlive the key that it hangs on.
      cache: false,
    },
  })
}

/** The buyer whose token `request` carries; undefined when the token is not good. Never throws. */
export async function principalOfToken(request: FastifyRequest): Promise<Principal | undefined> {
  try {
    const { sub } = await request.jwtVerify<{ sub?: unknown }>()
    return buyerName.Check(sub) ? { kind: 'buyer', buyer: sub } : undefined
  } catch {
    return undefined
  }
}

function publicKeyFrom(jwks: Jwks) {
  return async (_: FastifyRequest, token: unknown): Promise<string> => {
    const { header } = token as { readonly header: TokenHeader }
    const key = await jwks.keyFor(header)
    if (key === undefined) throw new Error('no such key')
    return key
  }
}
