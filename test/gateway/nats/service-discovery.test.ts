// NATS micro discovery on a real nats-server: who answers what, whom, and who gets no answer.
import { createInbox, errors, type Msg } from '@nats-io/transport-node'
import { describe, expect, test } from 'vitest'
import type { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import { isSaneReply } from '../../../gateway/nats/reply-subject.ts'
import {
  type ServiceDescription,
  ServiceDiscovery,
} from '../../../gateway/nats/service-discovery.ts'
import { testNats } from '../../fixtures/nats.ts'

const nats = testNats()

const SERVICE: ServiceDescription = {
  name: 'holdfast-x',
  id: 'gateway_1',
  version: '1.2.3',
  description: 'A gateway of the cluster x.',
  metadata: { cluster: 'x' },
  endpoints: [
    { name: 'reserve', subject: 'holdfast.x.api.reserve', queueGroup: 'gateways' },
    { name: 'confirm', subject: 'holdfast.x.api.confirm', queueGroup: 'gateways' },
  ],
}

interface Answer {
  readonly id: string
  readonly started?: string
  readonly metadata?: unknown
}

/** A discovery on its own link, listening by the time this resolves. */
async function startService(server: NatsServer, changes: Partial<ServiceDescription> = {}) {
  const link = await nats.link(server, 'service')
  const discovery = new ServiceDiscovery(link, { ...SERVICE, ...changes })
  discovery.start()
  await link.connection.flush()
  return { link, discovery }
}

/** The first `count` answers, by id. */
async function ask(client: NatsLink, subject: string, count: number): Promise<Answer[]> {
  const answers: Answer[] = []
  const options = { strategy: 'count', maxMessages: count, maxWait: 5_000 } as const
  for await (const message of await client.connection.requestMany(subject, '', options)) {
    answers.push(message.json())
  }
  return answers.sort((one, other) => one.id.localeCompare(other.id))
}

/** Nobody listens there: the server itself says so, at once. */
async function expectSilence(client: NatsLink, subject: string): Promise<void> {
  await expect(client.connection.request(subject)).rejects.toMatchObject({
    cause: expect.any(errors.NoRespondersError),
  })
}

function nextUp(link: NatsLink): Promise<void> {
  return new Promise((resolve) => link.onChange((isUp) => isUp && resolve()))
}

describe('who answers', () => {
  test('PING reaches all instances, those of a name, or one', async () => {
    const server = await nats.server()
    await startService(server)
    await startService(server, { id: 'gateway_2' })
    await startService(server, { id: 'other_1', name: 'other' })
    const client = await nats.link(server)

    const all = await ask(client, '$SRV.PING', 3)
    expect(all.map((answer) => answer.id)).toEqual(['gateway_1', 'gateway_2', 'other_1'])
    const named = await ask(client, '$SRV.PING.holdfast-x', 2)
    expect(named.map((answer) => answer.id)).toEqual(['gateway_1', 'gateway_2'])
    for (const verb of ['PING', 'INFO', 'STATS']) {
      const [one] = await ask(client, `$SRV.${verb}.holdfast-x.gateway_2`, 1)
      expect(one?.id).toBe('gateway_2')
    }
  })

  test('a name, an id or a verb that nobody has is silent', async () => {
    const server = await nats.server()
    await startService(server)
    const client = await nats.link(server)

    await expectSilence(client, '$SRV.PING.holdfast')
    await expectSilence(client, '$SRV.PING.holdfast-x.gateway_2')
    await expectSilence(client, '$SRV.INFO.other')
    await expectSilence(client, '$SRV.STATS.holdfast-x.gateway_1.more')
    await expectSilence(client, '$SRV.SCHEMA')
  })

  test('after stop nothing answers, and it can be started again', async () => {
    const server = await nats.server()
    const { link, discovery } = await startService(server)
    const client = await nats.link(server)
    discovery.stop()
    discovery.stop()
    await link.connection.flush()

    for (const verb of ['PING', 'INFO', 'STATS']) {
      await expectSilence(client, `$SRV.${verb}`)
      await expectSilence(client, `$SRV.${verb}.holdfast-x`)
      await expectSilence(client, `$SRV.${verb}.holdfast-x.gateway_1`)
    }
    discovery.start()
    await link.connection.flush()
    expect(await ask(client, '$SRV.PING', 1)).toHaveLength(1)
    await link.close()
    discovery.stop()
  })

  test('after nats-server was killed and came back, it answers again', async () => {
    const server = await nats.server()
    const { link } = await startService(server)
    const client = await nats.link(server)
    const back = Promise.all([nextUp(link), nextUp(client)])
    await server.kill()
    await server.start()
    await back
    await link.connection.flush()

    expect(await ask(client, '$SRV.STATS.holdfast-x.gateway_1', 1)).toHaveLength(1)
  })
})

describe('what it answers', () => {
  test('PING and INFO have exactly the shape of NATS', async () => {
    const server = await nats.server()
    await startService(server)
    const client = await nats.link(server)
    const identity = {
      name: 'holdfast-x',
      id: 'gateway_1',
      version: '1.2.3',
      metadata: { cluster: 'x' },
    }

    expect(await ask(client, '$SRV.PING', 1)).toStrictEqual([
      { type: 'io.nats.micro.v1.ping_response', ...identity },
    ])
    expect(await ask(client, '$SRV.INFO', 1)).toStrictEqual([
      {
        type: 'io.nats.micro.v1.info_response',
        ...identity,
        description: 'A gateway of the cluster x.',
        endpoints: [
          {
            name: 'reserve',
            subject: 'holdfast.x.api.reserve',
            queue_group: 'gateways',
            metadata: {},
          },
          {
            name: 'confirm',
            subject: 'holdfast.x.api.confirm',
            queue_group: 'gateways',
            metadata: {},
          },
        ],
      },
    ])
  })

  test('STATS has exactly the shape of NATS, and counts', async () => {
    const server = await nats.server()
    const before = new Date().toISOString()
    const { discovery } = await startService(server)
    const client = await nats.link(server)
    const reserve = discovery.endpointStats('reserve')
    reserve.count(1_000.5)
    reserve.count(500, 'x'.repeat(1_000))
    reserve.count(Number.NaN)
    reserve.count(-7)

    const [stats] = await ask(client, '$SRV.STATS', 1)
    const started = String(stats?.started)
    expect(new Date(started).toISOString()).toBe(started)
    expect(before <= started && started <= new Date().toISOString()).toBe(true)
    expect(stats).toStrictEqual({
      type: 'io.nats.micro.v1.stats_response',
      name: 'holdfast-x',
      id: 'gateway_1',
      version: '1.2.3',
      metadata: { cluster: 'x' },
      started,
      endpoints: [
        {
          name: 'reserve',
          subject: 'holdfast.x.api.reserve',
          queue_group: 'gateways',
          num_requests: 4,
          num_errors: 1,
          last_error: 'x'.repeat(200),
          processing_time: 1_500,
          average_processing_time: 375,
        },
        {
          name: 'confirm',
          subject: 'holdfast.x.api.confirm',
          queue_group: 'gateways',
          num_requests: 0,
          num_errors: 0,
          last_error: '',
          processing_time: 0,
          average_processing_time: 0,
        },
      ],
    })
  })

  test('without metadata there is an empty object, never null', async () => {
    const server = await nats.server()
    const link = await nats.link(server)
    const { metadata: _, ...bare } = SERVICE
    new ServiceDiscovery(link, bare).start()
    await link.connection.flush()
    expect((await ask(link, '$SRV.INFO', 1))[0]?.metadata).toStrictEqual({})
  })

  test.each([
    { name: 'holdfast.x' },
    { name: '' },
    { id: '*' },
    { id: 'a b' },
    { version: '1.2' },
    { endpoints: [{ name: 'a.b', subject: 's', queueGroup: 'q' }] },
    { endpoints: ['s', 't'].map((subject) => ({ name: 'a', subject, queueGroup: 'q' })) },
  ])('a description that NATS would not take is a bug: %j', async (changes) => {
    const link = await nats.link(await nats.server())
    expect(() => new ServiceDiscovery(link, { ...SERVICE, ...changes })).toThrow('bug')
  })
})

describe('who gets no answer', () => {
  const REFUSED = [
    'holdfast.x.p.0.cmd',
    '$JS.API.STREAM.CREATE.evil',
    '$JS.API.>',
    '$SRV.PING',
    '_INBOX.*',
    'r'.repeat(257),
  ]

  test.each(REFUSED)('a reply subject that must not be ours to write to: %s', async (reply) => {
    const server = await nats.server()
    const { link, discovery } = await startService(server)
    const client = await nats.link(server)
    // One subscription sees everything that both sides send, in the order of the server.
    const seen: Msg[] = []
    const last = createInbox()
    const end = new Promise<void>((resolve) => {
      const callback = (_: Error | null, message: Msg) => {
        seen.push(message)
        if (message.subject === last) resolve()
      }
      client.connection.subscribe('>', { callback })
    })
    for (const verb of ['PING', 'INFO', 'STATS']) {
      client.connection.publish(`$SRV.${verb}`, '', { reply })
    }
    client.connection.publish('$SRV.PING', '', { reply: last })
    await end

    const subjects = seen.map((message) => message.subject)
    expect(subjects).toEqual(['$SRV.PING', '$SRV.INFO', '$SRV.STATS', '$SRV.PING', last])
    expect(discovery.refusedReplies).toBe(3)
    expect(link.isUp).toBe(true)
  })

  test('a question without a reply subject; it is not counted as refused', async () => {
    const server = await nats.server()
    const { discovery } = await startService(server)
    const client = await nats.link(server)
    client.connection.publish('$SRV.STATS')

    expect(await ask(client, '$SRV.PING', 1)).toHaveLength(1)
    expect(discovery.refusedReplies).toBe(0)
  })

  test('an answer above the limit of the server is left out, and the connection stays', async () => {
    const server = await nats.server('max_payload: 512')
    const { link, discovery } = await startService(server, { description: 'd'.repeat(600) })
    const client = await nats.link(server)
    let changes = 0
    link.onChange(() => {
      changes += 1
    })
    client.connection.publish('$SRV.INFO', '', { reply: createInbox() })

    expect(await ask(client, '$SRV.PING', 1)).toHaveLength(1)
    expect(changes).toBe(0)
    expect(discovery.refusedReplies).toBe(0)
  })

  test('without the right to subscribe it stays unseen, and the link lives', async () => {
    const server = await nats.server(`
      authorization {
        users: [{ user: gateway, password: p, permissions: { subscribe: { deny: "$SRV.>" } } }]
      }
      no_auth_user: gateway`)
    const { link, discovery } = await startService(server)

    await expectSilence(link, '$SRV.PING')
    expect(link.isUp).toBe(true)
    discovery.stop()
  })
})

test('a flood of questions is answered, each within its own callback', async () => {
  const server = await nats.server()
  const { discovery } = await startService(server)
  const client = await nats.link(server)
  const inbox = createInbox()
  const floodCount = 5_000
  let answers = 0
  const all = new Promise<void>((resolve) => {
    const callback = () => {
      answers += 1
      if (answers === floodCount) resolve()
    }
    client.connection.subscribe(inbox, { callback })
  })
  for (let sent = 0; sent < floodCount; sent += 1) {
    client.connection.publish('$SRV.PING', '', { reply: inbox })
  }
  await all
  expect(discovery.refusedReplies).toBe(0)
})

describe('a sane reply subject', () => {
  test.each([
    '_INBOX.abc.1',
    '_R_.x.y',
    'answers',
    'r'.repeat(256),
    'holdfastly.x',
    'a.$b',
    'größe.1',
  ])('is %s', (reply) => {
    expect(isSaneReply(reply)).toBe(true)
  })

  test.each([
    undefined,
    '',
    '$SYS.REQ',
    '$',
    'holdfast.x.p.0.cmd',
    'holdfast.',
    '>',
    'a.>',
    '*.x.p.0.cmd',
    'a.*b',
    'a b',
    ' holdfast.x',
    'a\tb',
    'a\r\nPUB x',
    'a\u0000b',
    'a\u00a0b',
    '.a',
    'a.',
    'a..b',
    'r'.repeat(257),
  ])('is not %j', (reply) => {
    expect(isSaneReply(reply)).toBe(false)
  })
})
