// From settings to the way a link connects: addresses, the one way to log in, TLS. Mistakes are told without secrets.
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import {
  type Authenticator,
  credsAuthenticator,
  type NodeConnectionOptions,
  nkeyAuthenticator,
  nkeys,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node'
import type { LinkOptions } from './link.ts'
import { LinkError } from './link-error.ts'
import { type NatsAddresses, parseAddresses } from './nats-addresses.ts'
import { identityCheck } from './server-identity.ts'

/** How to reach NATS, as an operator says it. `nats` holds addresses separated by commas; files are paths. */
export interface NatsSettings {
  nats: string
  natsUser?: string
  natsPassword?: string
  natsToken?: string
  natsNkeyFile?: string
  natsCredsFile?: string
  natsTlsCaFile?: string
  natsTlsCertFile?: string
  natsTlsKeyFile?: string
}

/**
 * What `NatsLink.connect` takes. `name` is what nats-server shows as the connection's name. Every file is read once
 * here, so that a mistake shows at the start, and again at each connect, so that it may be replaced while we run.
 * @throws LinkError for settings that contradict each other or name a file that is of no use.
 */
export function linkOptions(settings: NatsSettings, name: string): LinkOptions {
  for (const [setting, value] of Object.entries(settings)) {
    if (value === '')
      throw new LinkError(`${flagOf(setting)} is empty. Give it a value or leave it out.`)
  }
  const addresses = asLinkError('nats', () => parseAddresses(settings.nats))
  const authenticator = logIn(settings, addresses)
  const tls = encryption(settings, addresses)
  return {
    servers: addresses.servers,
    name,
    ...(authenticator && { authenticator }),
    ...(tls && { tls }),
  }
}

function logIn(settings: NatsSettings, { login }: NatsAddresses): Authenticator | undefined {
  const { natsUser: user, natsPassword: password, natsToken: token } = settings
  const { natsNkeyFile: nkeyFile, natsCredsFile: credsFile } = settings
  if ((user === undefined) !== (password === undefined)) {
    throw new LinkError('--nats-user and --nats-password belong together. Give both or neither.')
  }
  const ways = new Map<string, () => Authenticator>()
  if (login) ways.set('a login inside --nats', () => addressAuthenticator(login))
  if (user) ways.set('--nats-user', () => usernamePasswordAuthenticator(user, password))
  if (token) ways.set('--nats-token', () => tokenAuthenticator(token))
  if (nkeyFile) ways.set('--nats-nkey-file', () => nkeyFileAuthenticator(nkeyFile))
  if (credsFile) ways.set('--nats-creds-file', () => credsFileAuthenticator(credsFile))
  if (ways.size > 1) {
    throw new LinkError(`More than one way to log in: ${[...ways.keys()].join(', ')}. Keep one.`)
  }
  const [way] = ways.values()
  return way?.()
}

// NATS' own convention: a name without a password is a token.
function addressAuthenticator(login: NonNullable<NatsAddresses['login']>): Authenticator {
  const { user, password } = login
  return password === '' ? tokenAuthenticator(user) : usernamePasswordAuthenticator(user, password)
}

function nkeyFileAuthenticator(path: string): Authenticator {
  return nkeyAuthenticator(
    latest(() => {
      const seed = Buffer.from(read('natsNkeyFile', path).toString('utf8').trim())
      mustWork('natsNkeyFile', path, 'holds no NKey seed of a user (one line, SU…)', () => {
        if (nkeys.fromSeed(seed).getPublicKey()[0] !== 'U') throw new Error('of something else')
      })
      return seed
    }),
  )
}

function credsFileAuthenticator(path: string): Authenticator {
  return credsAuthenticator(
    latest(() => {
      const creds = read('natsCredsFile', path)
      mustWork('natsCredsFile', path, 'is no creds file (a user JWT and its NKey seed)', () =>
        credsAuthenticator(creds)('nonce'),
      )
      return creds
    }),
  )
}

// An authenticator that throws closes the connection for good, and a file may be seen half-written while it is replaced.
function latest(load: () => Uint8Array): () => Uint8Array {
  let last = load()
  return () => {
    try {
      last = load()
    } catch {
      // The one that worked before is the best there is.
    }
    return last
  }
}

function encryption(
  settings: NatsSettings,
  { servers, isTls }: NatsAddresses,
): NodeConnectionOptions['tls'] | undefined {
  const { natsTlsCaFile: caFile, natsTlsCertFile: certFile, natsTlsKeyFile: keyFile } = settings
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new LinkError(
      '--nats-tls-cert-file and --nats-tls-key-file belong together. Give both or neither.',
    )
  }
  if (caFile) checkCertificate('natsTlsCaFile', caFile)
  if (certFile && keyFile) checkKeyPair(certFile, keyFile)
  if (!isTls && !caFile && !certFile) return undefined
  const files = { ...(caFile && { caFile }), ...(certFile && keyFile && { certFile, keyFile }) }
  return Object.assign(files, { checkServerIdentity: identityCheck(servers) })
}

function checkCertificate(setting: keyof NatsSettings, path: string): Buffer {
  const certificate = read(setting, path)
  mustWork(setting, path, 'holds no certificate in PEM', () => new X509Certificate(certificate))
  return certificate
}

function checkKeyPair(certFile: string, keyFile: string): void {
  const cert = checkCertificate('natsTlsCertFile', certFile)
  const key = read('natsTlsKeyFile', keyFile)
  const trouble = `holds no unencrypted private key in PEM that belongs to ${certFile}`
  mustWork('natsTlsKeyFile', keyFile, trouble, () => createSecureContext({ cert, key }))
}

function read(setting: keyof NatsSettings, path: string): Buffer {
  return asLinkError(setting, () => readFileSync(path))
}

function mustWork(
  setting: keyof NatsSettings,
  path: string,
  trouble: string,
  attempt: () => unknown,
): void {
  try {
    attempt()
  } catch {
    // Not told as the cause: what a parser says about a secret may quote it.
    throw new LinkError(`${flagOf(setting)}: ${path} ${trouble}. Name another file.`)
  }
}

function asLinkError<Value>(setting: keyof NatsSettings, attempt: () => Value): Value {
  try {
    return attempt()
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new LinkError(`${flagOf(setting)}: ${message}`, { cause })
  }
}

/** `natsTlsCaFile` is `--nats-tls-ca-file`, as an operator knows it. */
function flagOf(setting: string): string {
  return `--${setting.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
