// A nats-server as a child: which one is taken, and what is said when it does not start.
import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { ClusterError } from '../../../gateway/cluster/errors.ts'
import { NatsServer, natsServerPath } from '../../../gateway/cluster/nats-server.ts'
import { testNats } from '../../fixtures/nats.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const directory = tempDirectories()
const nats = testNats()

afterEach(() => {
  vi.unstubAllEnvs()
})

/** A file of that name in a folder of its own. */
function program(text: string, mode: number): { folder: string; path: string } {
  const folder = directory()
  const path = join(folder, 'nats-server')
  writeFileSync(path, text)
  chmodSync(path, mode)
  return { folder, path }
}

function fault(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('the path of a nats-server', () => {
  test('is what NATS_SERVER_BIN names, before everything else', () => {
    const { path } = program('#!/bin/sh\n', 0o755)
    const elsewhere = program('#!/bin/sh\n', 0o755)
    expect(natsServerPath({ NATS_SERVER_BIN: path, PATH: elsewhere.folder })).toBe(path)
  })

  test.each([
    ['nothing', () => join(directory(), 'absent')],
    ['a file that is not executable', () => program('#!/bin/sh\n', 0o644).path],
    ['a folder', () => directory()],
  ])('is an error when NATS_SERVER_BIN names %s', (_what, make) => {
    const named = make()
    const error = fault(() => natsServerPath({ NATS_SERVER_BIN: named }))
    expect(error).toBeInstanceOf(ClusterError)
    expect(error).toMatchObject({ code: 'nats_server_missing' })
    expect(String(error)).toContain(`NATS_SERVER_BIN names ${named}`)
  })

  test('falls through to the package or PATH when NATS_SERVER_BIN is empty, and skips a folder on PATH', () => {
    const { folder, path } = program('#!/bin/sh\n', 0o755)
    const inTheWay = directory()
    mkdirSync(join(inTheWay, 'nats-server'))
    const found = natsServerPath({ NATS_SERVER_BIN: '', PATH: `${inTheWay}:${folder}` })
    const packaged = fromPackage()
    expect(found).toBe(packaged ?? path)
  })
})

function fromPackage(): string | undefined {
  try {
    return natsServerPath({ PATH: '' })
  } catch {
    return undefined
  }
}

describe('a nats-server', () => {
  test('keeps its port over kill -9 and restart', async () => {
    const server = await nats.server()
    const { url } = server
    await server.kill()
    expect(server.process?.signalCode).toBe('SIGKILL')
    await server.start()
    expect(server.url).toBe(url)
    const connection = await connect({ servers: [url] })
    await connection.close()
  })

  test('says why when the configuration is wrong', async () => {
    const wrong = nats.server('no_such_setting: 1')
    await expect(wrong).rejects.toMatchObject({ code: 'process_ended' })
    await expect(wrong).rejects.toThrow(/no_such_setting/)
  })

  test('says why when another one has taken its port meanwhile, and starts when that is gone', async () => {
    const server = await nats.server()
    await server.kill()
    const other = createServer().listen(Number(new URL(server.url).port), '127.0.0.1')
    onTestFinished(() => void other.close())
    await once(other, 'listening')
    await expect(server.start()).rejects.toThrow(/address already in use/)
    expect(server.process?.exitCode).toBe(1)
    other.close()
    await once(other, 'close')
    await server.start()
  })

  test('says so when the file that is named cannot be run', async () => {
    const { path } = program('#!/no/such/interpreter\n', 0o755)
    vi.stubEnv('NATS_SERVER_BIN', path)
    const start = new NatsServer({ directory: directory() }).start()
    await expect(start).rejects.toMatchObject({ code: 'nats_server_missing' })
    await expect(start).rejects.toThrow(`${path} cannot be run: spawn ${path} ENOENT`)
  })

  test('says what the program printed when it is something else', async () => {
    vi.stubEnv('NATS_SERVER_BIN', program('#!/bin/sh\necho no server >&2; exit 3\n', 0o755).path)
    const start = new NatsServer({ directory: directory() }).start()
    await expect(start).rejects.toThrow(/did not start:\nno server/)
  })

  test('is not started twice at a time', async () => {
    const server = await nats.server()
    await expect(server.start()).rejects.toThrow(/once at a time/)
  })

  test('stops although it hangs, and stopping it again is no error', async () => {
    const server = await nats.server()
    server.process?.kill('SIGSTOP')
    await server.stop()
    // By its own hand, not killed: SIGTERM reached it.
    expect(server.process?.signalCode).toBe(null)
    await server.stop()
    await server.kill()
  })

  test('goes on when it logs more than a pipe holds', async () => {
    const server = await nats.server('debug: true\ntrace: true')
    const connection = await connect({ servers: [server.url] })
    const line = 'x'.repeat(8_000)
    for (let count = 0; count < 500; count++) connection.publish('noise', line)
    await connection.flush()
    await connection.close()
  })
})
