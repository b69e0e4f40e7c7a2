// Links to real nats-servers: what happens when the server goes away or says no, and what a link promises.
import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import { linkOptions } from '../../../gateway/nats/link-options.ts'
import { testNats } from '../../fixtures/nats.ts'
import { tcpProxy } from '../../fixtures/tcp-proxy.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const directory = tempDirectories()
const nats = testNats()
const DEADLINE = { timeout: 20_000 }

function file(text: string): string {
  const path = join(directory(), 'file')
  writeFileSync(path, text)
  return path
}

const bytes = (text: string): Uint8Array => Buffer.from(text)

/** The texts that arrive on a subject from now on. */
async function received(link: NatsLink, subject: string): Promise<string[]> {
  const texts: string[] = []
  link.connection.subscribe(subject, {
    callback: (_error, message) => void texts.push(message.string()),
  })
  await link.connection.flush()
  return texts
}

/** Counts what the client library reports from now on. */
function statusCount(link: NatsLink, type: string): () => number {
  let count = 0
  void (async () => {
    for await (const status of link.connection.status()) if (status.type === type) count++
  })()
  return () => count
}

async function expectToWork(link: NatsLink): Promise<void> {
  const texts = await received(link, 'hello')
  expect(link.publish('hello', bytes('world'))).toBe(true)
  await expect.poll(() => texts, DEADLINE).toEqual(['world'])
}

describe('a server that is not there', () => {
  test('is waited for', async () => {
    const server = await nats.server()
    await server.kill()
    const troubles: string[] = []
    const options = linkOptions({ nats: server.url }, 'test')
    const pending = nats.connect({ ...options, onTrouble: (reason) => troubles.push(reason) })
    await expect.poll(() => troubles, DEADLINE).toHaveLength(1)
    expect(troubles[0]).toMatch(
      /^No connection to nats-server at 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/,
    )
    await server.start()
    await expectToWork(await pending)
  })

  test('is dialled again and again, and the operator hears of it once', async () => {
    const server = await nats.server()
    const proxy = await tcpProxy(Number(new URL(server.url).port))
    await server.kill()
    const troubles: string[] = []
    const options = { servers: [`127.0.0.1:${proxy.port}`], name: 'test' }
    const pending = nats.connect({ ...options, onTrouble: (reason) => troubles.push(reason) })
    await expect.poll(() => proxy.taken, DEADLINE).toBeGreaterThan(3)
    expect(troubles).toEqual([expect.stringMatching(/was cut: does the server want TLS/)])
    await server.start()
    await expectToWork(await pending)
  })

  test('does not keep a second one from being found', async () => {
    const [absent, present] = [await nats.server(), await nats.server()]
    await absent.kill()
    const settings = { nats: `${absent.url},${present.url}` }
    await expectToWork(await nats.connect(linkOptions(settings, 'test')))
  })

  test('is waited for no longer when the wait is aborted', async () => {
    const server = await nats.server()
    await server.kill()
    const abort = new AbortController()
    const pending = nats.connect(
      { servers: [server.url], name: 'test', onTrouble: () => abort.abort(new Error('enough')) },
      abort.signal,
    )
    await expect(pending).rejects.toThrow('enough')
    await expect(nats.connect({ servers: [server.url], name: 'test' }, abort.signal)).rejects.toBe(
      abort.signal.reason,
    )
  })

  test('that takes the dial but says nothing can be given up on at once', async () => {
    const server = await nats.server()
    const proxy = await tcpProxy(Number(new URL(server.url).port))
    proxy.hold()
    const abort = new AbortController()
    const options = { servers: [`127.0.0.1:${proxy.port}`], name: 'test' }
    const pending = nats.connect(options, abort.signal)
    await expect.poll(() => proxy.waiting, DEADLINE).toBe(1)
    abort.abort(new Error('enough'))
    await expect(pending).rejects.toThrow('enough')
    // The dial that is still under way succeeds after all, and is ended then.
    expect(proxy.waiting).toBe(1)
    proxy.release()
    await expect.poll(() => proxy.open, DEADLINE).toBe(0)
  })
})

describe('a server that goes away', () => {
  test('is told, takes nothing meanwhile, and gets nothing of that later', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const texts = await received(link, 'count')
    const changes: boolean[] = []
    const taken: string[] = []
    const say = (text: string) => link.publish('count', bytes(text)) && taken.push(text)
    link.onChange((isUp) => {
      changes.push(isUp)
      say(isUp ? 'just up' : 'just down')
    })
    for (let round = 1; round <= 2; round++) {
      await server.kill()
      await expect.poll(() => link.isUp, DEADLINE).toBe(false)
      for (let count = 0; count < 100; count++)
        expect(link.publish('count', bytes('x'))).toBe(false)
      await server.start()
      await expect.poll(() => link.isUp, DEADLINE).toBe(true)
      say(`round ${round}`)
      await expect.poll(() => texts.at(-1), DEADLINE).toBe(`round ${round}`)
    }
    expect(taken).toEqual(['just up', 'round 1', 'just up', 'round 2'])
    expect(texts).toEqual(taken)
    expect(changes).toEqual([false, true, false, true])
  })

  test('gets nothing that was published while a new connection was being made', async () => {
    const server = await nats.server()
    const proxy = await tcpProxy(Number(new URL(server.url).port))
    const link = await nats.connect({ servers: [`127.0.0.1:${proxy.port}`], name: 'test' })
    const texts = await received(await nats.link(server), 'count')
    proxy.hold()
    const down = new Promise((resolve) => link.onChange(resolve))
    void link.connection.reconnect()
    expect(await down).toBe(false)
    // Here the library would keep a message and send it at the end of the dial.
    await expect.poll(() => proxy.waiting, DEADLINE).toBe(1)
    expect(link.publish('count', bytes('lost?'))).toBe(false)
    proxy.release()
    await expect.poll(() => link.isUp, DEADLINE).toBe(true)
    expect(link.publish('count', bytes('after'))).toBe(true)
    await expect.poll(() => texts, DEADLINE).toEqual(['after'])
  })

  test('is given up when it hangs with a full queue, and found again', async () => {
    const server = await nats.server()
    const troubles: string[] = []
    const link = await nats.connect({
      servers: [server.url],
      name: 'test',
      pingMs: 200,
      onTrouble: (reason) => troubles.push(reason),
    })
    const down = new Promise((resolve) => link.onChange(resolve))
    const disconnects = statusCount(link, 'disconnect')
    server.process?.kill('SIGSTOP')
    const megabyte = new Uint8Array(1_000_000)
    let taken = 0
    // The bound, a message, and what the kernel takes: less than this.
    while (taken < 64 && link.publish('flood', megabyte)) taken++
    expect(link.publish('flood', megabyte)).toBe(false)
    expect(link.queuedBytes).toBeGreaterThan(16 * 2 ** 20)
    expect(link.isUp).toBe(true)
    expect(await down).toBe(false)
    expect(troubles).toContain('nats-server does not answer pings; giving the connection up.')
    // Left to itself the library would wait for the server to read what is queued.
    await expect.poll(disconnects, DEADLINE).toBe(1)
    await server.kill()
    await server.start()
    await expect.poll(() => link.isUp, DEADLINE).toBe(true)
    expect(link.queuedBytes).toBe(0)
    await expectToWork(link)
  })

  test('lets a link be closed while it hangs', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    server.process?.kill('SIGSTOP')
    await link.close()
    expect(link.connection.isClosed()).toBe(true)
  })

  test('lets a link be closed while it hangs with a full queue, given up or not', async () => {
    const server = await nats.server()
    const options = { servers: [server.url], name: 'test' }
    const links = [await nats.connect(options), await nats.connect({ ...options, pingMs: 100 })]
    server.process?.kill('SIGSTOP')
    for (const link of links) {
      // Ends with the bound, or when the pings were given up.
      while (link.publish('flood', new Uint8Array(1_000_000)));
    }
    await Promise.all(links.map((link) => link.close()))
    for (const link of links) expect(link.connection.isClosed()).toBe(true)
    server.process?.kill('SIGCONT')
  })

  test('lets a link be closed while it is dialled, and the dial ends too', async () => {
    const server = await nats.server()
    const proxy = await tcpProxy(Number(new URL(server.url).port))
    const link = await nats.connect({ servers: [`127.0.0.1:${proxy.port}`], name: 'test' })
    proxy.hold()
    void link.connection.reconnect()
    await expect.poll(() => proxy.waiting, DEADLINE).toBe(1)
    await link.close()
    await expect.poll(() => proxy.open, DEADLINE).toBe(0)
  })

  test('and refuses the log-in when it is back is still tried', async () => {
    const path = file('')
    // Its folder is a sibling of the server's own, and an include is relative to that.
    const server = await nats.server(`include "../${basename(dirname(path))}/file"`)
    const troubles: string[] = []
    const options = linkOptions({ nats: server.url }, 'test')
    const link = await nats.connect({ ...options, onTrouble: (reason) => troubles.push(reason) })
    const refusals = statusCount(link, 'error')
    await server.kill()
    writeFileSync(path, 'authorization { token: "t0ken" }')
    await server.start()
    // After the second the library would give up, left to itself.
    await expect.poll(refusals, DEADLINE).toBeGreaterThan(2)
    expect(troubles.filter((reason) => /refuses the log-in/.test(reason))).toHaveLength(1)
    await server.kill()
    writeFileSync(path, '')
    await server.start()
    await expect.poll(() => link.isUp, DEADLINE).toBe(true)
    await expectToWork(link)
  })
})

test('what the server does not permit is told', async () => {
  const server = await nats.server(`authorization { users: [ {
    user: ann, password: secret, permissions: { publish: "mine", subscribe: "mine" }
  } ] }`)
  const settings = { nats: server.url, natsUser: 'ann', natsPassword: 'secret' }
  const troubles: string[] = []
  const link = await nats.connect({
    ...linkOptions(settings, 'test'),
    onTrouble: (reason) => troubles.push(reason),
  })
  for (let count = 0; count < 10; count++) link.publish('theirs', bytes('x'))
  link.connection.subscribe('theirs', { callback: () => undefined })
  await expect.poll(() => troubles.length, DEADLINE).toBe(2)
  expect(troubles).toEqual([
    'nats-server does not permit our user to publish to "theirs". Extend its permissions.',
    'nats-server does not permit our user to subscribe to "theirs". Extend its permissions.',
  ])
  expect(link.isUp).toBe(true)
})

describe('the end of a link', () => {
  test('is told when it was not our wish', async () => {
    const server = await nats.server()
    const lost: string[] = []
    const onLost = (reason: string) => lost.push(reason)
    const link = await nats.connect({ servers: [server.url], name: 'test', onLost })
    await link.connection.close()
    await expect.poll(() => lost, DEADLINE).toEqual([expect.stringMatching(/ended for good/)])
    expect(link.isUp).toBe(false)
    expect(link.publish('x', bytes('x'))).toBe(false)
  })

  test('is told nobody when it was our wish, and sends what is on its way', async () => {
    const server = await nats.server()
    const lost: string[] = []
    const onLost = (reason: string) => lost.push(reason)
    const link = await nats.connect({ servers: [server.url], name: 'test', onLost })
    const texts = await received(await nats.link(server), 'last')
    for (let count = 0; count < 15; count++) link.publish('last', new Uint8Array(1_000_000))
    link.publish('last', bytes('word'))
    await link.close()
    await link.close()
    await expect.poll(() => texts.at(-1), DEADLINE).toBe('word')
    expect(texts).toHaveLength(16)
    expect(link.publish('last', bytes('x'))).toBe(false)
    await link.connection.closed()
    expect(lost).toEqual([])
  })
})

describe('what was said', () => {
  test('is settled when the server has heard it: from then on it knows who listens', async () => {
    const server = await nats.server()
    const [link, other] = [await nats.link(server), await nats.link(server)]
    server.process?.kill('SIGSTOP')
    const texts: string[] = []
    link.connection.subscribe('soon', {
      callback: (_error, message) => void texts.push(message.string()),
    })
    let isSettled = false
    const settled = link.settle().then(() => {
      isSettled = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isSettled).toBe(false)
    server.process?.kill('SIGCONT')
    await settled
    expect(other.publish('soon', bytes('heard'))).toBe(true)
    await expect.poll(() => texts, DEADLINE).toEqual(['heard'])
  })

  test('is waited for a second at most, and not at all while the link is down', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    server.process?.kill('SIGSTOP')
    await link.settle()
    expect(link.isUp, 'a server that hangs is not known to').toBe(true)
    const down = new Promise((resolve) => link.onChange(resolve))
    await server.kill()
    expect(await down).toBe(false)
    const flush = vi.spyOn(link.connection, 'flush')
    await link.settle()
    expect(flush).not.toHaveBeenCalled()
  })
})

test('answers come back below a prefix of the link alone', async () => {
  const server = await nats.server()
  const options = { servers: [server.url], name: 'test', inbox: '_INBOX_gateway' }
  const [link, twin] = [await nats.connect(options), await nats.connect(options)]
  expect(link.inboxPrefix).toMatch(/^_INBOX_gateway\.[0-9a-f]{24}$/)
  expect(twin.inboxPrefix).not.toBe(link.inboxPrefix)
  expect((await nats.link(server)).inboxPrefix).toMatch(/^_INBOX_holdfast\.[0-9a-f]{24}$/)
  twin.connection.subscribe('ask', {
    callback: (_error, message) => void message.respond(message.reply),
  })
  await twin.connection.flush()
  const answer = await link.connection.request('ask')
  expect(answer.string().startsWith(`${link.inboxPrefix}.`)).toBe(true)
})

test('the largest message is what the server says', async () => {
  const link = await nats.link(await nats.server('max_payload: 4096'))
  expect(link.maxPayload).toBe(4096)
  expect(link.publish('x', new Uint8Array(4096))).toBe(true)
  expect(() => link.publish('x', new Uint8Array(4097))).toThrow(/max_payload/)
  expect((await nats.link(await nats.server())).maxPayload).toBe(2 ** 20)
})
