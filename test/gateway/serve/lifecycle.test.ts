// A server's life: restarts, signals, a second owner, crashes. What was acknowledged is there afterwards.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { renameSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { freeDiskBytes } from '../../../journal/free-disk.ts'
import { openLmdbJournal } from '../../../journal/lmdb-journal.ts'
import { DataDirectory } from '../../fixtures/data-directory.ts'
import {
  type Ending,
  endServersAfterEach,
  fatalLine,
  RealServer,
} from '../../fixtures/real-server.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

/** The highest mark that `--disk-low-bytes` takes. */
const DISK_LOW_BYTES_MAX = 2 ** 40

const BIN = fileURLToPath(new URL('../../../bin/holdfast.js', import.meta.url))

const newDirectory = tempDirectories()
endServersAfterEach()

/** Buyers that keep reserving until the server is gone; what each key came to. */
class Crowd {
  readonly acknowledged = new Map<string, string>()
  readonly unanswered: string[] = []
  readonly refused: number[] = []
  readonly #gone: Promise<unknown>

  constructor(server: RealServer, name: string, buyers: number) {
    const all = Array.from({ length: buyers }, (_, buyer) => this.#buy(server, `${name}-${buyer}`))
    this.#gone = Promise.all(all)
  }

  /** Resolves once `count` reservations are acknowledged. */
  async sold(count: number): Promise<void> {
    while (this.acknowledged.size < count) await new Promise((resolve) => setImmediate(resolve))
  }

  gone(): Promise<unknown> {
    return this.#gone
  }

  async #buy(server: RealServer, name: string): Promise<void> {
    for (let order = 0; ; order++) {
      const key = `${name}-${order}`
      try {
        const { status, body } = await server.reserve(key)
        if (status !== 201) this.refused.push(status)
        if (status !== 201) return
        this.acknowledged.set(key, String(body.id))
      } catch {
        this.unanswered.push(key)
        return
      }
    }
  }
}

/** Every acknowledged key is there once, every other at most once, and the units add up. */
async function expectKept(server: RealServer, crowds: readonly Crowd[]): Promise<void> {
  const made = new Set<string>()
  for (const crowd of crowds) {
    for (const [key, id] of crowd.acknowledged) {
      const again = await server.reserve(key)
      expect([again.status, again.body.id], `${key} was acknowledged`).toEqual([200, id])
      made.add(id)
    }
    for (const key of crowd.unanswered) {
      const again = await server.reserve(key)
      expect([200, 201]).toContain(again.status)
      expect(made.has(String(again.body.id)), 'one effect per key').toBe(false)
      made.add(String(again.body.id))
    }
  }
  const { body } = await server.call('GET', '/v1/skus/shoe')
  expect(body.held).toBe(made.size)
  expect(Number(body.available) + Number(body.held)).toBe(1_000_000)
}

interface OwnerBody {
  readonly commitP50Ms?: number
  readonly commitP99Ms?: number
  readonly diskFreeBytes?: number
}

async function ownerOf(server: RealServer): Promise<OwnerBody> {
  const { text } = await server.call('GET', '/v1/partitions')
  return JSON.parse(text).partitions[0].owner
}

const hashOf = (ended: Ending) => ended.lines.find(({ msg }) => msg === 'stopped')?.stateHash

describe('a restart', () => {
  test('after a clean stop recovers the same state, from the snapshot alone', async () => {
    const data = newDirectory()
    const server = await RealServer.start(data)
    await server.open(100)
    const { body } = await server.reserve('k1', 3)
    await server.call('POST', `/v1/reservations/${body.id}/confirm`, { quantity: 2 })
    const before = await server.hash()
    const ended = await server.end('SIGTERM')
    expect(ended.status).toBe(0)
    expect(hashOf(ended)).toBe(before)
    expect(await new DataDirectory(data).hash(), 'the whole journal says the same').toBe(before)

    const again = await RealServer.start(data)
    expect(await again.line('recovered')).toMatchObject({ replayed: 0, snapshotSeq: 3, epoch: 2 })
    expect(await again.hash()).toBe(before)
    expect((await again.call('GET', '/readyz')).status).toBe(200)
    expect(await ownerOf(again)).toMatchObject({ epoch: 2, snapshotSeq: '3', blocks: 0, events: 0 })
    const replay = await again.reserve('k1', 3)
    expect([replay.status, replay.text]).toEqual([200, JSON.stringify({ ...body })])
    await again.reserve('k2', 1)
    const owner = await ownerOf(again)
    expect(owner).toMatchObject({ durableSeq: '4', watermarkLag: 0, blocks: 1, events: 1 })
    expect(owner).toMatchObject({ blockEventsP50: 1, blockEventsP99: 1, holdsDue: 0, dueLateMs: 0 })
    expect(owner).toMatchObject({ inboxLength: 0, answersLength: 0 })
    expect(owner.commitP99Ms).toBeGreaterThanOrEqual(Number(owner.commitP50Ms))
    expect(owner.commitP50Ms).toBeGreaterThan(0)
    expect(owner.diskFreeBytes).toBeGreaterThan(0)
  })

  test('stops on SIGINT as on SIGTERM', async () => {
    const server = await RealServer.start(newDirectory())
    expect((await server.end('SIGINT')).status).toBe(0)
  })

  randomTest(
    'rows 63 and 69: after kill -9 has every acknowledged reservation, and none twice',
    async (random) => {
      const data = newDirectory()
      const crowds: Crowd[] = []
      let server = await RealServer.start(data)
      await server.open(1_000_000)
      for (let round = 0; round < 3; round++) {
        const crowd = new Crowd(server, `round-${round}`, 16)
        crowds.push(crowd)
        await crowd.sold(random.integer(1, 120))
        expect((await server.end('SIGKILL')).signal).toBe('SIGKILL')
        await crowd.gone()
        server = await RealServer.start(data)
        expect((await server.line('recovered')).epoch).toBe(round + 2)
      }
      await expectKept(server, crowds)
      const ended = await server.end('SIGTERM')
      expect(ended.status).toBe(0)
      expect(await new DataDirectory(data).hash()).toBe(hashOf(ended))
    },
  )
})

describe('SIGTERM', () => {
  test('row 68: under load answers what was taken, and exits 0 within 10 s', async () => {
    const data = newDirectory()
    const server = await RealServer.start(data)
    await server.open(1_000_000)
    const crowd = new Crowd(server, 'crowd', 32)
    await crowd.sold(150)
    const startedAt = performance.now()
    const ended = await server.end('SIGTERM')
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    expect(ended.status).toBe(0)
    await crowd.gone()
    expect(crowd.refused.every((status) => status === 503)).toBe(true)
    const again = await RealServer.start(data)
    await expectKept(again, [crowd])
  })

  test('row 68: a second one leaves at once, and nothing is lost by it', async () => {
    const data = newDirectory()
    const server = await RealServer.start(data)
    await server.open(1_000_000)
    const { body } = await server.reserve('k1')
    server.signal('SIGTERM')
    await server.line('draining')
    expect((await server.end('SIGTERM')).status).toBe(1)
    const again = await RealServer.start(data)
    expect((await again.reserve('k1')).body.id).toBe(body.id)
  })

  test('does not wait for connections that idle, or that never finish their request', async () => {
    const server = await RealServer.start(newDirectory())
    const idle = connect(server.port, '127.0.0.1')
    const half = connect(server.port, '127.0.0.1')
    await Promise.all([once(idle, 'connect'), once(half, 'connect')])
    half.write('POST /v1/reservations HTTP/1.1\r\nHost: x\r\n')
    for (const socket of [idle, half]) socket.on('error', () => undefined)
    const startedAt = performance.now()
    expect((await server.end('SIGTERM')).status).toBe(0)
    expect(performance.now() - startedAt).toBeLessThan(10_000)
    for (const socket of [idle, half]) socket.destroy()
  })
})

describe('a server whose directory', () => {
  const losses: [string, (data: string) => void][] = [
    ['is removed', (data) => rmSync(data, { recursive: true })],
    ['is moved away', (data) => renameSync(data, `${data}-moved`)],
  ]
  test.each(losses)('%s ends by itself, with a fault that says so', async (_, lose) => {
    const data = newDirectory()
    const server = await RealServer.start(data)
    await server.open(10)
    expect((await server.reserve('k1')).status).toBe(201)
    lose(data)
    const ended = await server.ended
    expect(ended.status).toBe(1)
    expect(fatalLine(ended)).toMatchObject({ err: { code: 'journal_taken' } })
  })
})

test('a server whose log has no reader any more sells on, and ends when it must', async () => {
  const data = newDirectory()
  const command = [BIN, 'serve', '--data', data, '--port', '0']
  const env = { PATH: process.env['PATH'] }
  const server = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  onTestFinished(() => void server.kill('SIGKILL'))
  const ended = once(server, 'exit')
  let log = ''
  server.stdout.on('data', (text) => {
    log += String(text)
  })
  await expect.poll(() => log, { timeout: 20_000 }).toContain('"recovered"')
  const url = /"url":"([^"]+)"/.exec(log)?.[1]
  const open = async (sku: number): Promise<number> => {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ stock: 1 })
    return (await fetch(`${url}/v1/skus/s-${sku}`, { method: 'PUT', headers, body })).status
  }
  // More than a stream that is paused reads ahead: what closes with unread lines resets the connection.
  server.stdout.pause()
  const unread = await Promise.all(Array.from({ length: 600 }, (_, sku) => open(sku)))
  server.stdout.destroy()
  expect(new Set([...unread, await open(601), await open(602)])).toEqual(new Set([201]))
  rmSync(data, { recursive: true })
  expect(await ended).toEqual([1, null])
})

describe('a second owner', () => {
  test('row 46: is refused while the first lives, which does not notice', async () => {
    const data = newDirectory()
    const server = await RealServer.start(data)
    await server.open(10)
    const refused = await RealServer.refuse(data)
    expect(refused.status).toBe(1)
    expect(fatalLine(refused)).toMatchObject({ err: { code: 'journal_owned' } })
    expect(fatalLine(refused)?.msg).toContain(`process ${server.pid} `)
    expect((await server.reserve('k1')).status).toBe(201)
    expect((await server.end('SIGTERM')).status).toBe(0)
  })

  test('row 46: that writes all the same fences the first: unknown outcome, exit 1, nothing lost', async () => {
    const data = newDirectory()
    const server = await RealServer.start(data)
    await server.open(10)
    const directory = new DataDirectory(data)
    const { head, identity, state } = await directory.replay()
    if (identity === undefined) throw new Error('a journal that was written has an identity')
    const options = { segmentBytes: 2 ** 28, commitDeadlineMs: 10_000 }
    const journal = await openLmdbJournal(directory.paths.journal, {
      ...{ identity, head, ...options },
      epoch: head.epoch + 1,
    })
    const at = state.lastAt
    const rules = state.actorOf('shoe')?.rules
    if (rules === undefined) throw new Error('the SKU is there')
    const events = [{ kind: 'opened', at, sku: 'hat', stock: 5, rules, by: undefined } as const]
    await journal.append({ firstSeq: head.seq + 1, events })
    await journal.close()

    const fenced = await server.reserve('k1')
    expect([fenced.status, fenced.body.code]).toEqual([504, 'outcome_unknown'])
    const ended = await server.ended
    expect(ended.status).toBe(1)
    expect(fatalLine(ended)).toMatchObject({ err: { code: 'commit_refused' } })
    const again = await RealServer.start(data)
    expect((await again.call('GET', '/v1/skus/hat')).status).toBe(200)
    expect((await again.reserve('k1')).status, 'it had no effect').toBe(201)
  })
})

describe('a running server', () => {
  test.skipIf(freeDiskBytes('.') >= DISK_LOW_BYTES_MAX)(
    'row 49: whose disk is low sells nothing new, says why, and keeps what it has',
    async () => {
      const data = newDirectory()
      const server = await RealServer.start(data)
      await server.open(10)
      const { body } = await server.reserve('k1')
      await server.end('SIGTERM')
      const flags = ['--disk-low-bytes', String(DISK_LOW_BYTES_MAX)]
      const low = await RealServer.start(data, { flags })
      await low.line('disk low: no new reservations')
      const ready = await low.call('GET', '/readyz')
      expect([ready.status, ready.body.reasons]).toEqual([503, ['disk_low']])
      expect((await low.reserve('k2')).body.code).toBe('disk_low')
      const paid = await low.call('POST', `/v1/reservations/${body.id}/confirm`)
      expect([paid.status, paid.body.state]).toEqual([200, 'confirmed'])
      expect((await low.end('SIGTERM')).status).toBe(0)
    },
  )

  test('row 24: out of descriptors still serves the connections it has, and others when there is room', async () => {
    const server = await RealServer.start(newDirectory(), { filesMax: 400 })
    await server.open(1_000)
    const kept = await opened(server.port)
    const idle: Socket[] = []
    for (let count = 0; count < 800; count++) {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => undefined)
      idle.push(socket)
    }
    for (let count = 0; count < 20; count++) {
      const body = '{"sku":"shoe","buyer":"ada","quantity":1}'
      const head = 'Host: x\r\nContent-Type: application/json\r\n'
      kept.write(
        `POST /v1/reservations HTTP/1.1\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`,
      )
      const [answer] = await once(kept, 'data')
      expect(String(answer)).toMatch(/^HTTP\/1\.1 201 /)
    }
    for (const socket of idle) socket.destroy()
    kept.destroy()
    await expect
      .poll(async () => (await server.call('GET', '/readyz').catch(() => ({ status: 0 }))).status)
      .toBe(200)
    expect((await server.end('SIGTERM')).status).toBe(0)
  })

  test('says nothing of keys and credentials in its log, whatever the level', async () => {
    const flags = ['--log-level', 'trace']
    const server = await RealServer.start(newDirectory(), { flags })
    await server.open(10)
    const secret = {
      authorization: 'Bearer s3cret',
      cookie: 's3cret=1',
      'idempotency-key': 's3cret',
    }
    const body = { sku: 'shoe', buyer: 'ada', quantity: 1, meta: 's3cret' }
    expect((await server.call('POST', '/v1/reservations', body, secret)).status).toBe(201)
    await server.call('POST', '/v1/reservations', { ...body, quantity: 'x' }, secret)
    const { stdout, stderr } = await server.end('SIGTERM')
    expect(stdout).toContain('"msg":"request"')
    expect(stdout + stderr).not.toContain('s3cret')
  })

  test('replays a snapshot of its own making while it sells, and prunes old ones', async () => {
    const data = newDirectory()
    const flags = ['--snapshot-interval-ms', '1000']
    const server = await RealServer.start(data, { flags })
    await server.open(10)
    const { seq } = await server.line('snapshot')
    expect(seq).toBe(1)
    expect((await server.reserve('k1')).status).toBe(201)
    expect((await server.end('SIGKILL')).signal).toBe('SIGKILL')
    const again = await RealServer.start(data)
    expect(await again.line('recovered')).toMatchObject({ snapshotSeq: 1, seq: 2, replayed: 1 })
  })
})

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('GET /v1/time HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  return socket
}
