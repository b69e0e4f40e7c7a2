// The file of API keys: strict when read, whole or not at all when written, one writer at a time.
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Static, Type } from '#typebox'
import { Compile } from '#typebox/compile'
import { syncFolder } from '../../journal/sync-folder.ts'
import { KeyFileError } from './errors.ts'
import { KEY_ID_PATTERN } from './key-text.ts'

const KEYS_MAX = 10_000
const BYTES_MAX: number = 8 * 2 ** 20
/** Of a new file, owner only: it says who may do what, though no secret can be read from it. */
const MODE = 0o600
const KEPT_MODE = 0o755
const WRITABLE_BY_OTHERS = 0o022
const LOCK_PATIENCE_MS = 5_000
const LOCK_PAUSE_MS = 10

/** Names stand in the journal as who did it. */
export const KEY_NAME_PATTERN = '^[A-Za-z0-9_-]{1,64}$'

const strict = { additionalProperties: false } as const
const time = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' })
const keyRecord = Type.Object(
  {
    id: Type.String({ pattern: KEY_ID_PATTERN }),
    name: Type.String({ pattern: KEY_NAME_PATTERN }),
    scopes: Type.Array(
      Type.Union([Type.Literal('sell'), Type.Literal('read'), Type.Literal('operate')]),
      { minItems: 1, uniqueItems: true },
    ),
    secretSha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    createdAt: time,
    revokedAt: Type.Union([time, Type.Null()]),
  },
  strict,
)
const keyFile = Type.Object(
  {
    format: Type.Literal('holdfast-keys'),
    version: Type.Literal(1),
    keys: Type.Array(keyRecord, { maxItems: KEYS_MAX }),
  },
  strict,
)
const validator = Compile(keyFile)

/** What is kept of a key; times are ISO 8601 in UTC. */
export type KeyRecord = Static<typeof keyRecord>

/** The keys of a file, revoked ones too, and which version of the file they are from. */
export interface KeyFile {
  readonly keys: readonly KeyRecord[]
  readonly version: string
}

/**
 * Reads the file at `path` whole.
 * @throws KeyFileError `key_file_missing`, `key_file_unreadable`, `key_file_malformed`.
 */
export function readKeyFile(path: string): KeyFile {
  const file = opened(path)
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw malformed(path, 'it is not a file')
    if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
      throw malformed(path, 'others may write to it: chmod 600 it')
    }
    if (stats.size > BYTES_MAX) throw malformed(path, 'it is too large')
    return { keys: parse(path, readFileSync(file, 'utf8')), version: versionOf(stats) }
  } catch (cause) {
    throw cause instanceof KeyFileError ? cause : unreadable(path, cause)
  } finally {
    closeSync(file)
  }
}

/** What changes whenever the file is written or replaced. */
export function versionOf({ ino, size, mode, mtimeMs, ctimeMs }: Stats): string {
  return [ino, size, mode, mtimeMs, ctimeMs].join(' ')
}

/**
 * Replaces the keys of the file at `path` by what `change` makes of them, and gives what it gives. A missing file is
 * one without keys; one that is there keeps its owner, group and mode. Waits while another process changes it, so that neither loses the other's keys.
 * @throws KeyFileError as `readKeyFile`, `key_file_locked`, and what `change` throws.
 */
export async function changeKeyFile<Result>(
  path: string,
  change: (keys: KeyRecord[]) => Result,
): Promise<Result> {
  const lock = await takeLock(path)
  try {
    const keys = [...readOrNone(path)]
    const result = change(keys)
    write(path, keys)
    return result
  } finally {
    rmSync(lock, { force: true })
  }
}

function readOrNone(path: string): readonly KeyRecord[] {
  try {
    return readKeyFile(path).keys
  } catch (error) {
    if (error instanceof KeyFileError && error.code === 'key_file_missing') return []
    throw error
  }
}

function parse(path: string, text: string): readonly KeyRecord[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformed(path, 'it is no JSON')
  }
  if (!validator.Check(value)) {
    const [error] = validator.Errors(value)
    throw malformed(path, `${error?.instancePath ?? ''} ${error?.message ?? ''}`.trim())
  }
  const living = value.keys.filter(({ revokedAt }) => revokedAt === null)
  if (new Set(value.keys.map(({ id }) => id)).size < value.keys.length) {
    throw malformed(path, 'an id stands there twice')
  }
  if (new Set(living.map(({ name }) => name)).size < living.length) {
    throw malformed(path, 'two keys in use share a name')
  }
  return value.keys
}

// Beside it and then in its place: a reader sees the old keys or the new ones, and so does whoever comes after a crash.
function write(path: string, keys: readonly KeyRecord[]): void {
  const text = `${JSON.stringify({ format: 'holdfast-keys', version: 1, keys }, null, 2)}\n`
  parse(path, text)
  const draft = `${path}.draft-${randomUUID()}`
  try {
    writeDraft(draft, text, statSync(path, { throwIfNoEntry: false }))
    renameSync(draft, path)
    syncFolder(dirname(path))
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    rmSync(draft, { force: true })
  }
}

function writeDraft(draft: string, text: string, before: Stats | undefined): void {
  const file = openSync(draft, 'wx', MODE)
  try {
    writeFileSync(file, text)
    if (before !== undefined) keepReaders(file, before)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

// Root may change keys for a server that runs as somebody else: if that could not read the file any more, a revoked key
// would go on working.
function keepReaders(file: number, before: Stats): void {
  const { uid, gid } = fstatSync(file)
  if (uid !== before.uid || gid !== before.gid) fchownSync(file, before.uid, before.gid)
  fchmodSync(file, before.mode & KEPT_MODE)
}

// A lock that its holder's death leaves behind is not broken open: two could do so at once. People are told.
async function takeLock(path: string): Promise<string> {
  const lock = `${path}.lock`
  const until = performance.now() + LOCK_PATIENCE_MS
  for (;;) {
    try {
      writeFileSync(lock, `${process.pid}\n`, { flag: 'wx', mode: MODE })
      return lock
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unreadable(path, cause)
      if (performance.now() > until) {
        throw new KeyFileError(
          'key_file_locked',
          `${lock} is held by another holdfast keys. If none runs, remove that file.`,
        )
      }
    }
    await delay(LOCK_PAUSE_MS)
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(path, cause)
    throw new KeyFileError(
      'key_file_missing',
      `There is no key file ${path}. Make one: holdfast keys add --name shop --scope sell,read --keys-file ${path}`,
      { cause },
    )
  }
}

function malformed(path: string, reason: string): KeyFileError {
  return new KeyFileError('key_file_malformed', `The key file ${path} cannot be used: ${reason}.`)
}

function unreadable(path: string, cause: unknown): KeyFileError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new KeyFileError('key_file_unreadable', `The key file ${path}: ${reason}`, { cause })
}
