// The file of keys: strict when read, whole when written, and no writer loses another's keys.
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { KeyFileError } from '../../../gateway/access/errors.ts'
import { changeKeyFile, type KeyRecord, readKeyFile } from '../../../gateway/access/key-file.ts'
import { KeyRing } from '../../../gateway/access/key-ring.ts'
import { digestWithin, idWithin, looksLikeKey, newKey } from '../../../gateway/access/key-text.ts'
import { ringOf, testKeys, writeKeys } from '../../fixtures/guarded-app.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()

const record = (name: string): KeyRecord => ({
  ...{ id: newKey().id, name, scopes: ['sell'], secretSha256: 'a'.repeat(64) },
  ...{ createdAt: '2026-11-22T10:00:00.000Z', revokedAt: null },
})

const codeOf = (path: string): string => {
  try {
    readKeyFile(path)
    return 'good'
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error
    expect(error.message).toContain(path)
    return error.code
  }
}

describe('a key', () => {
  test('is an id and a secret of 256 bits, of which only the digest is kept', () => {
    const { id, text, digest } = newKey()
    expect(text).toMatch(/^hf_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/)
    expect([looksLikeKey(text), idWithin(text)]).toEqual([true, id])
    expect(digestWithin(text)).toEqual(digest)
    expect(newKey().text).not.toBe(text)
  })
})

describe('a key file', () => {
  test('is its owner’s only when new, keeps its mode then, and leaves nothing beside it', async () => {
    const directory = newDirectory()
    const path = join(directory, 'keys.json')
    await changeKeyFile(path, (keys) => keys.push(record('shop')))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    chmodSync(path, 0o640)
    await changeKeyFile(path, (keys) => keys.push(record('till')))
    expect(statSync(path).mode & 0o777).toBe(0o640)
    expect(readKeyFile(path).keys.map(({ name }) => name)).toEqual(['shop', 'till'])
    expect(readdirSync(directory)).toEqual(['keys.json'])
  })

  test.runIf(process.getuid?.() === 0).each([
    ['its group', 0, 4242],
    ['its owner and group', 4243, 4242],
  ])('that root changes keeps %s, so that the server still reads it', async (_, uid, gid) => {
    const { path } = testKeys(newDirectory(), ['sell'])
    chownSync(path, uid, gid)
    chmodSync(path, 0o640)
    await changeKeyFile(path, (keys) => keys.push(record('till')))
    const after = statSync(path)
    expect([after.uid, after.gid, after.mode & 0o777]).toEqual([uid, gid, 0o640])
  })

  test('loses no key when many are added at once', async () => {
    const path = join(newDirectory(), 'keys.json')
    const names = Array.from({ length: 20 }, (_, number) => `key-${number}`)
    await Promise.all(names.map((name) => changeKeyFile(path, (keys) => keys.push(record(name)))))
    expect(
      readKeyFile(path)
        .keys.map(({ name }) => name)
        .sort(),
    ).toEqual(names.sort())
  })

  test('is not changed while another process changes it', async () => {
    const path = join(newDirectory(), 'keys.json')
    writeFileSync(`${path}.lock`, '1\n')
    const changing = changeKeyFile(path, (keys) => keys.push(record('shop')))
    expect(await Promise.race([changing, delay(100, 'waits')])).toBe('waits')
    expect(existsSync(path)).toBe(false)
    rmSync(`${path}.lock`)
    await changing
    expect(readKeyFile(path).keys).toHaveLength(1)
  })

  test('stays as it was when a change fails, or would make it one that cannot be read', async () => {
    const { path } = testKeys(newDirectory(), ['sell'])
    const before = readFileSync(path, 'utf8')
    const failing = changeKeyFile(path, () => {
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    const spoiling = changeKeyFile(path, (keys) => keys.push(record('a name')))
    await expect(spoiling).rejects.toMatchObject({ code: 'key_file_malformed' })
    expect(readFileSync(path, 'utf8')).toBe(before)
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  test('that is missing, a folder or behind a broken link cannot be used', () => {
    const directory = newDirectory()
    expect(codeOf(join(directory, 'none.json'))).toBe('key_file_missing')
    mkdirSync(join(directory, 'folder'))
    expect(codeOf(join(directory, 'folder'))).toBe('key_file_malformed')
    symlinkSync(join(directory, 'none.json'), join(directory, 'link'))
    expect(codeOf(join(directory, 'link'))).toBe('key_file_missing')
  })

  test('that others may write to cannot be used', () => {
    const { path } = testKeys(newDirectory(), ['sell'])
    expect(codeOf(path)).toBe('good')
    for (const mode of [0o620, 0o602, 0o666]) {
      chmodSync(path, mode)
      expect(codeOf(path)).toBe('key_file_malformed')
    }
  })

  const file = (keys: unknown, more: object = {}) =>
    JSON.stringify({ format: 'holdfast-keys', version: 1, keys, ...more })
  const twin = record('twin')
  test.each<[string, string, string]>([
    ['good', 'no keys', file([])],
    [
      'good',
      'a revoked namesake',
      file([{ ...record('a'), revokedAt: twin.createdAt }, record('a')]),
    ],
    ['key_file_malformed', 'nothing', ''],
    ['key_file_malformed', 'half of it', file([record('a')]).slice(0, -10)],
    ['key_file_malformed', 'another format', file([], { format: 'keys' })],
    ['key_file_malformed', 'a newer version', file([], { version: 2 })],
    ['key_file_malformed', 'an unknown field', file([], { note: 'x' })],
    ['key_file_malformed', 'an unknown field of a key', file([{ ...record('a'), secret: 'x' }])],
    ['key_file_malformed', 'an unknown scope', file([{ ...record('a'), scopes: ['all'] }])],
    ['key_file_malformed', 'no scope', file([{ ...record('a'), scopes: [] }])],
    ['key_file_malformed', 'a scope twice', file([{ ...record('a'), scopes: ['read', 'read'] }])],
    ['key_file_malformed', 'a short digest', file([{ ...record('a'), secretSha256: 'aa' }])],
    ['key_file_malformed', 'a name with a line feed', file([{ ...record('a'), name: 'a\nb' }])],
    ['key_file_malformed', 'revoked at no time', file([{ ...record('a'), revokedAt: 'now' }])],
    ['key_file_malformed', 'an id twice', file([twin, { ...twin, name: 'other' }])],
    ['key_file_malformed', 'a name twice', file([record('a'), record('a')])],
    ['key_file_malformed', 'a list', '[]'],
  ])('is %s with %s', (code, _, text) => {
    const path = join(newDirectory(), 'keys.json')
    writeFileSync(path, text, { mode: 0o600 })
    expect(codeOf(path)).toBe(code)
  })
})

describe('a ring of keys', () => {
  test('knows a key until it is revoked, without a restart', async () => {
    const keys = testKeys(newDirectory(), ['sell', 'read'])
    const ring = ringOf(keys.path)
    expect(ring.find(keys.of('sell'))).toMatchObject({ kind: 'key', name: 'sell' })
    const [first, ...others] = keys.records
    const revokedAt = '2026-11-22T11:00:00.000Z'
    writeKeys(keys.path, [{ ...(first as KeyRecord), revokedAt }, ...others])
    await ring.refresh()
    expect(ring.find(keys.of('sell'))).toBeUndefined()
    expect(ring.find(keys.of('read'))).toMatchObject({ name: 'read' })
  })

  test('keeps its keys while the file cannot be used, and says so once for each version', async () => {
    const said: { level: number }[] = []
    const logger = pino({ level: 'info' }, { write: (line) => said.push(JSON.parse(line)) })
    const keys = testKeys(newDirectory(), ['sell'])
    const ring = new KeyRing(keys.path, logger)
    const spoilt = ['{', '{}']
    for (const text of spoilt) {
      writeFileSync(keys.path, text)
      await ring.refresh()
      await ring.refresh()
      expect(ring.find(keys.of('sell'))).toBeDefined()
    }
    expect(said.map(({ level }) => level)).toEqual([50, 50])
    writeKeys(keys.path, [])
    await ring.refresh()
    expect(ring.find(keys.of('sell'))).toBeUndefined()
    expect(said.map(({ level }) => level)).toEqual([50, 50, 30])
  })

  test('cuts off what a revoked key has opened, and nothing else', async () => {
    const keys = testKeys(newDirectory(), ['sell', 'read'])
    const ring = ringOf(keys.path)
    const [theirs, others] = [new Socket(), new Socket()]
    const [first, second] = keys.records as readonly [KeyRecord, KeyRecord]
    for (const _ of [1, 2]) ring.cutWhenRevoked(first.id, theirs)
    ring.cutWhenRevoked(second.id, others)
    expect(theirs.listenerCount('close')).toBe(1)
    writeKeys(keys.path, [second])
    await ring.refresh()
    expect([theirs.destroyed, others.destroyed]).toEqual([true, false])
    others.destroy()
  })

  test('gives operators what they need to see', () => {
    const keys = testKeys(newDirectory(), ['operate'])
    const principal = ringOf(keys.path).find(keys.of('operate'))
    expect(principal?.kind === 'key' && [...principal.scopes].sort()).toEqual(['operate', 'read'])
  })

  test('says nothing of keys in its log', async () => {
    const lines: string[] = []
    const logger = pino({}, { write: (line: string) => lines.push(line) })
    const keys = testKeys(newDirectory(), ['sell'])
    const ring = new KeyRing(keys.path, logger)
    writeFileSync(keys.path, `{"secretSha256": "${keys.of('sell')}"`)
    await ring.refresh()
    const said = lines.join()
    expect(said).toContain('the key file cannot be used')
    expect(said).not.toContain(keys.of('sell'))
  })
})
