// Every setting of every process, once: names, bounds, defaults and words for variables, flags and documents.
import { type Static, type TObject, Type } from '#typebox'
import {
  RETENTION_MS_DEFAULT,
  RETENTION_MS_MAX,
  RETENTION_MS_MIN,
  STOCK_MAX,
} from '../core/limits.ts'

const MEBIBYTE = 2 ** 20
const PARTITION = '(0|[1-9]\\d{0,3})/[1-9]\\d{0,3}'

const file = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))
const list = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, isList: true, description }))
const rate = (standard: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 1_000_000, default: standard, description })

const httpSettings = {
  host: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on; without keys only one that other machines cannot reach.',
  }),
  port: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 7070,
    description: 'TCP port to listen on; 0 takes a free one.',
  }),
  shedDelayMs: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    default: 50,
    description:
      'How long calls may have to wait for their turn, in ms, before new reservations are shed; 0 sheds none.',
  }),
  connectionsMax: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    default: 10_000,
    description:
      'Connections at a time; one more is closed at once. The files that the process may open bound it too.',
  }),
  serverTiming: Type.String({
    pattern: '^(yes|no)$',
    default: 'no',
    description:
      'With yes, every answer on SKUs and reservations says by Server-Timing how long each stage took; otherwise those to requests with traceparent do.',
  }),
}

const accessSettings = {
  keysFile: file('File of API keys, as `holdfast keys` writes it; read anew when it changes.'),
  buyerTokenSecretFile: file(
    "File with the secret that buyers' tokens are signed with by HS256, HS384 or HS512.",
  ),
  buyerTokenJwks: file("URL or file of the JWKS with the public keys of buyers' tokens."),
  buyerTokenIssuer: file("The `iss` that buyers' tokens must have."),
  buyerTokenAudience: file("The `aud` that buyers' tokens must have."),
  ratePerKey: rate(0, 'Requests per second of one API key; 0 is without limit.'),
  ratePerBuyer: rate(
    20,
    "Requests per second of one buyer's token, each operation of a batch; 0 is without limit.",
  ),
  ratePerAddress: rate(0, 'Requests per second of one address; 0 is without limit.'),
  corsOrigins: list('Origins of pages on other hosts that may call, separated by commas.'),
  trustProxy: list(
    'Addresses or CIDRs of proxies whose X-Forwarded-For is believed, separated by commas.',
  ),
  publicStock: Type.String({
    pattern: '^(yes|no)$',
    default: 'no',
    description:
      'With yes, live stock is there for everybody, without a key; where it is exact, so is GET /v1/skus/{sku}.',
  }),
}

const journalSettings = {
  data: Type.String({
    minLength: 1,
    default: './data',
    description: 'Directory of the journal and the snapshots; created when missing.',
  }),
  retentionMs: Type.Integer({
    minimum: RETENTION_MS_MIN,
    maximum: RETENTION_MS_MAX,
    default: RETENTION_MS_DEFAULT,
    description: 'How long ended reservations and adjustment keys are remembered, in ms.',
  }),
  segmentBytes: Type.Integer({
    minimum: MEBIBYTE,
    maximum: 32 * 1024 * MEBIBYTE,
    default: 256 * MEBIBYTE,
    description: 'Size at which a journal segment is closed and the next one begun, in bytes.',
  }),
  commitDeadlineMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 10_000,
    description: 'A commit that takes longer stops the server, in ms.',
  }),
  snapshotIntervalMs: Type.Integer({
    minimum: 1_000,
    maximum: 86_400_000,
    default: 300_000,
    description: 'How often a snapshot is written when events have come, in ms.',
  }),
  diskLowBytes: Type.Integer({
    minimum: 16 * MEBIBYTE,
    maximum: 1024 * 1024 * MEBIBYTE,
    default: 256 * MEBIBYTE,
    description: 'Free disk below which no new reservations are taken, in bytes.',
  }),
}

const processSettings = {
  logLevel: Type.String({
    pattern: '^(fatal|error|warn|info|debug|trace|silent)$',
    default: 'info',
    description:
      'Least severe log line to write: fatal, error, warn, info, debug, trace or silent.',
  }),
  drainMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 10_000,
    description: 'How long a shutdown may take before it is forced, in ms.',
  }),
}

const natsSettings = {
  nats: Type.String({
    minLength: 1,
    default: 'nats://127.0.0.1:4222',
    isList: true,
    description: 'Addresses of the NATS servers, separated by commas.',
  }),
  cluster: Type.String({
    pattern: '^[A-Za-z0-9-]{1,32}$',
    default: 'main',
    description: 'Name of the Holdfast cluster; several can share one NATS.',
  }),
  natsUser: file('User to log in to NATS as.'),
  natsPassword: file('Password of that user; better said by the variable than by the flag.'),
  natsToken: file('Token to log in to NATS by; better said by the variable than by the flag.'),
  natsNkeyFile: file('File with the NKey seed to log in to NATS by.'),
  natsCredsFile: file('File with the JWT and the seed to log in to NATS by.'),
  natsTlsCaFile: file(
    'File with the certificate authority that NATS is held against; turns TLS on.',
  ),
  natsTlsCertFile: file('File with the certificate to show to NATS.'),
  natsTlsKeyFile: file('File with the key of that certificate.'),
}

const ownerSettings = {
  partition: Type.String({
    pattern: `^${PARTITION}(,${PARTITION})*$`,
    default: '0/1',
    isList: true,
    description:
      'Partition to own and how many there are, like 0/2; several are separated by commas.',
  }),
  leaseMs: Type.Integer({
    minimum: 1_000,
    maximum: 60_000,
    default: 10_000,
    description:
      'How long a partition stays taken after its owner fell silent, in ms; the same for all of a cluster.',
  }),
  statusHost: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description:
      'Address of the status port; without keys only one that other machines cannot reach.',
  }),
  statusPort: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description:
        'TCP port for /metrics, /healthz and /readyz of a core; 0 takes a free one. Of several partitions each takes this plus its own number.',
    }),
  ),
  acceptOlderJournal: Type.String({
    pattern: '^(yes|no)$',
    default: 'no',
    description:
      'With yes, start although the journal lacks what the partition had acknowledged, and give that up.',
  }),
}

const stockSettings = {
  stockDetail: Type.String({
    pattern: '^(exact|banded)$',
    default: 'exact',
    description: 'What streams of live stock tell: exact numbers, or banded: in, low or out.',
  }),
  stockLowUnits: Type.Integer({
    minimum: 0,
    maximum: STOCK_MAX,
    default: 10,
    description: 'Available units at or below which banded streams say low.',
  }),
  streamsMax: Type.Integer({
    minimum: 0,
    maximum: 1_000_000,
    default: 5_000,
    description:
      'Streams of live stock that may be open at once; each is a connection, so keep it well below connectionsMax.',
  }),
}

const remoteSettings = {
  requestDeadlineMs: Type.Integer({
    minimum: 100,
    maximum: 60_000,
    default: 5_000,
    description:
      'How long a request may wait for its partition before its outcome is unknown, in ms.',
  }),
  shieldStaleMs: Type.Integer({
    minimum: 0,
    maximum: 10_000,
    default: 100,
    description:
      'How old a sold_out may be that a gateway gives without asking, in ms; below 60 it always asks.',
  }),
}

/** The settings of each process, by their camel-case names; `HOLDFAST_LIKE_THIS` and `--like-this` are derived. */
export const serveSettings = Type.Object({
  ...httpSettings,
  ...stockSettings,
  ...accessSettings,
  ...journalSettings,
  ...processSettings,
})
export const coreSettings = Type.Object({
  ...ownerSettings,
  keysFile: accessSettings.keysFile,
  ...natsSettings,
  ...journalSettings,
  ...processSettings,
})
export const gatewaySettings = Type.Object({
  ...httpSettings,
  ...stockSettings,
  ...accessSettings,
  ...natsSettings,
  ...remoteSettings,
  ...processSettings,
})

/** The processes of Holdfast by the command that starts them, with their settings. */
export const PROCESSES: Readonly<Record<'serve' | 'core' | 'gateway', TObject>> = {
  serve: serveSettings,
  core: coreSettings,
  gateway: gatewaySettings,
}

const stockObject = Type.Object(stockSettings)
/** What live stock tells, and to how many. */
export type StockSettings = Static<typeof stockObject>
const accessObject = Type.Object({ ...httpSettings, ...accessSettings })
/** Who may call, as whoever serves HTTP needs to know it. */
export type AccessSettings = Static<typeof accessObject>
const journalObject = Type.Object(journalSettings)
/** What the owner of a journal needs to know, whichever process it is part of. */
export type JournalSettings = Static<typeof journalObject>
export type ServeSettings = Static<typeof serveSettings>
export type CoreSettings = Static<typeof coreSettings>
export type GatewaySettings = Static<typeof gatewaySettings>

/** What a setting's schema says to people; without a default it is nothing unless said. */
export interface SettingWords {
  readonly type: string
  readonly description: string
  readonly default?: string | number
  /** Said several times it is a list, with commas; any other setting is what was said last. */
  readonly isList?: boolean
}

/** The names of a process' settings, in the order of the documents. */
export function settingNames(schema: TObject): string[] {
  return Object.keys(schema.properties)
}

/** A setting in words and with its default, for help and documents. */
export function describeSetting(schema: TObject, name: string): SettingWords {
  return schema.properties[name] as unknown as SettingWords
}

/** Of those who call a server, which is no setting of any process. */
export const API_KEY_VARIABLE = 'HOLDFAST_API_KEY'

/** The environment variable of a setting: `logLevel` is `HOLDFAST_LOG_LEVEL`. */
export function variableOf(name: string): string {
  return `HOLDFAST_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** The command-line flag of a setting: `logLevel` is `--log-level`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}
