// `holdfast keys` as people use it, and what a running server makes of it.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { endServersAfterEach, RealServer, runHoldfast } from '../../fixtures/real-server.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
endServersAfterEach()

/** Asks until the answer has `status`: how long that takes is the server's promise, and this the patience. */
async function until(status: number, ask: () => Promise<{ status: number }>): Promise<void> {
  for (const deadline = Date.now() + 30_000; ; await delay(50)) {
    const answer = await ask()
    if (answer.status === status) return
    if (Date.now() > deadline) throw new Error(`still ${answer.status}, not ${status}`)
  }
}

describe('the life of a key', () => {
  test('begins, opens what it is for, and ends while the server runs', async () => {
    const keysFile = join(newDirectory(), 'keys.json')
    const keys = (...words: string[]) =>
      runHoldfast(['keys', ...words], { HOLDFAST_KEYS_FILE: keysFile })
    const added = await keys('add', '--name', 'shop', '--scope', 'sell,operate')
    expect([added.status, added.stdout]).toEqual([0, expect.stringMatching(/^hf_[^\s]{56}\n$/)])
    const key = added.stdout.trim()

    const [server, again, listed] = await Promise.all([
      RealServer.start(newDirectory(), {
        flags: ['--keys-file', keysFile, '--log-level', 'trace'],
        environment: { HOLDFAST_API_KEY: key },
      }),
      keys('add', '--name', 'shop', '--scope', 'read'),
      keys('list', '--json'),
    ])
    expect([again.status, again.stdout]).toEqual([1, ''])
    expect(again.stderr).toContain('A key named shop is in use')
    const told = JSON.parse(listed.stdout)
    expect(told).toMatchObject({ name: 'shop', scopes: ['sell', 'operate'], revokedAt: null })
    expect(listed.stdout).not.toMatch(/sha256/i)

    const authorization = `Bearer ${key}`
    const ask = () => server.call('PUT', '/v1/skus/hat', { stock: 1 }, { authorization })
    expect((await ask()).status).toBe(201)
    expect((await server.open(1)).status).toBe(401)

    for (const path of [`/v1/skus?access_token=${key}`, `/v1/skus/${key}`, `/${key}`]) {
      const { text } = await server.call('GET', path, undefined, { 'x-request-id': key })
      expect(text, path).not.toContain(key.slice(16))
    }
    const unfit = await keys('revoke', key)
    expect([unfit.status, unfit.stderr]).toEqual([
      1,
      expect.stringContaining('name the key by its id'),
    ])
    expect(unfit.stderr).not.toContain(key.slice(16))

    const revoked = await keys('revoke', 'shop')
    expect([revoked.status, revoked.stdout]).toEqual([0, expect.stringMatching(/ shop revoked 20/)])
    await until(401, ask)
    expect((await server.call('GET', '/healthz')).status).toBe(200)

    const { stdout, stderr, status } = await server.end('SIGTERM')
    expect(status).toBe(0)
    expect(stdout + stderr).toContain('keys read anew')
    expect(stdout + stderr, 'no key is ever logged').not.toContain(key.slice(16))
    expect(stdout).not.toContain('no such setting')
  })
})

describe('holdfast keys', () => {
  test.each<[string[], number, RegExp]>([
    [['add', '--name', 'shop'], 2, /--scope/],
    [['add', '--name', 'my shop', '--scope', 'sell'], 2, /letters, digits/],
    [['add', '--name', 'shop', '--scope', 'sell,all'], 2, /sell, read, operate/],
    [['revoke', 'shop', '--keys-file', '/none/keys.json'], 1, /There is no key file/],
  ])('refuses %j with %i', async (words, status, message) => {
    const ended = await runHoldfast(['keys', ...words])
    expect([ended.status, ended.stdout]).toEqual([status, ''])
    expect(ended.stderr).toMatch(message)
  })
})
