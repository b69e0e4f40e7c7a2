// The owner's side against strangers: every frame is executed and answered once, or refused, and nothing else happens.
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Command } from '../../../core/command.ts'
import { NO_ROW } from '../../../core/hash-index.ts'
import { BoundedLog } from '../../../gateway/bounded-log.ts'
import { encodeAnswer, readAnswer } from '../../../gateway/nats/answer-codec.ts'
import { commandSubject, helloSubject } from '../../../gateway/nats/subjects.ts'
import { packr } from '../../../journal/message-pack.ts'
import { idOf, open, readSku, reserve } from '../../fixtures/commands.ts'
import { testNats } from '../../fixtures/nats.ts'
import { answersOf, ask, submitAll } from '../../fixtures/noted-ticket.ts'
import { remoteShops } from '../../fixtures/remote-shop.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { Stranger } from '../../fixtures/stranger.ts'

const nats = testNats()
const start = remoteShops()
const DEADLINE = { timeout: 20_000 }
const LONG_MS = 60_000

async function meet(choices?: Parameters<typeof start>[0]) {
  const far = await start(choices)
  await ask(far.remote, open(1_000))
  return { ...far, told: far.far.told, stranger: await Stranger.meet(far) }
}

describe('a frame', () => {
  test('is executed and answered, command by command', async () => {
    const { stranger, shop } = await meet()
    const commands = [reserve('k'), reserve('l', 2_000), readSku()]
    const answer = await stranger.ask(stranger.frame(commands, { number: 77 }))
    if (typeof answer !== 'object' || typeof answer.answers === 'string') throw new Error('refused')
    expect(answer).toMatchObject({ partition: 0, partitionCount: 1, epoch: 1, number: 77 })
    const read = answer.answers.map((one, index) => readAnswer(one, commands[index] as Command))
    expect(read).toMatchObject([
      { kind: 'reservation', isNew: true },
      { kind: 'refusal', code: 'sold_out' },
      { kind: 'sku', available: 999 },
    ])
    expect(shop.state.lastSeq).toBe(2)
  })

  test.each<[string, string, (stranger: Stranger) => Uint8Array]>([
    ['noise', 'malformed', () => Buffer.from('GET / HTTP/1.1')],
    ['empty', 'malformed', () => new Uint8Array()],
    ['a million bytes', 'malformed', () => Buffer.alloc(1_000_000, 0x91)],
    ['as large as NATS lets through', 'malformed', () => Buffer.alloc(2 ** 20, 0xc0)],
    ['of another version', 'version', () => packr.pack([9, 0, 1, 0, 's', 1, 1, 1, [[9, 'shoe']]])],
    ['of another partition', 'place', (s) => s.frame([reserve('k')], { partition: 1 })],
    ['of another count', 'place', (s) => s.frame([reserve('k')], { partitionCount: 2 })],
    ['with a poisoned command', 'malformed', (s) => s.frame([reserve('k'), reserve('l', -1)])],
    ['without time left', 'overdue', (s) => s.frame([reserve('k')], { dueInMs: 0 })],
  ])('that is %s is refused by name, told, and harms nothing', async (_what, reason, bytes) => {
    const { stranger, shop, told, remote } = await meet()
    const before = shop.hash
    expect(await stranger.ask(bytes(stranger))).toMatchObject({ epoch: 1, answers: reason })
    expect(shop.hash).toBe(before)
    expect(told.poison).toEqual(reason === 'overdue' ? [] : [reason])
    expect(await ask(remote, reserve('good'))).toMatchObject([{ isNew: true }])
  })

  test('without a way back, or with one that we must not take, is neither executed nor answered', async () => {
    const { stranger, shop, told, far } = await meet()
    const before = shop.hash
    const ours = await stranger.watch('holdfast.>')
    const streams = await stranger.watch('$JS.>')
    const own = commandSubject(far.cluster, 0)
    const replies = [own, helloSubject(far.cluster, 0), `holdfast.${far.cluster}.api.reserve`]
    for (const reply of ['', ...replies, '$JS.API.STREAM.DELETE.x', '$SYS.x']) {
      stranger.send(stranger.frame([reserve('k')]), reply)
    }
    expect(await stranger.ask(stranger.frame([readSku()]))).toMatchObject({ number: 7 })
    expect(shop.hash).toBe(before)
    expect(told.poison).toEqual(Array(6).fill('its reply subject is none of a gateway'))
    expect(
      ours.map(({ subject }) => subject),
      'nothing but the frames themselves',
    ).toEqual(Array(7).fill(own))
    expect(streams).toEqual([])
  })

  test('that waited longer than it may is not executed any more', async () => {
    const { stranger, shop } = await meet()
    // Any clock will do.
    const fresh = 10_000_000
    await stranger.ask(stranger.frame([readSku()], { sentAtMs: fresh }))
    const before = shop.hash
    const old = stranger.frame([reserve('k')], { sentAtMs: fresh - 5_000, dueInMs: 4_000 })
    expect(await stranger.ask(old)).toMatchObject({ answers: 'overdue' })
    const late = stranger.frame([reserve('k')], { sentAtMs: fresh - 5_000, dueInMs: LONG_MS })
    expect(await stranger.ask(late)).not.toMatchObject({
      answers: 'overdue',
    })
    expect(shop.hash, 'it had time left').not.toBe(before)
  })

  test('whose deadline passes while it waits for its turn is dropped, and answered busy', async () => {
    const { stranger, shop, remote, far } = await meet()
    await ask(remote, open(1_000_000, {}, 'hat'))
    shop.journal.hold()
    // One block is being written, the next one is full, and what comes now stays in the inbox.
    const crowd = Array.from({ length: 10_000 }, (_, number) =>
      reserve(`k${number}`, 1, { sku: 'hat' }),
    )
    const held = submitAll(remote, crowd)
    await expect.poll(() => shop.partition.inboxLength, DEADLINE).toBeGreaterThan(0)
    const dueAt = performance.now() + 200
    stranger.send(stranger.frame([reserve('late'), readSku()], { dueInMs: 200 }))
    await stranger.settled(far.ownerLink)
    await expect.poll(() => performance.now(), DEADLINE).toBeGreaterThan(dueAt + 50)
    expect(stranger.replies).toEqual([])
    shop.journal.letGo()
    const busy = encodeAnswer({ kind: 'fault', code: 'busy' })
    await expect.poll(() => stranger.answers, DEADLINE).toMatchObject([{ answers: [busy, busy] }])
    for (const answer of await answersOf(held)) expect(answer.kind).toBe('reservation')
    expect(shop.state.rowOf(idOf('late'))).toBe(NO_ROW)
  })

  test('that comes again while it runs joins it, and is executed and answered once', async () => {
    const { stranger, shop } = await meet()
    shop.journal.hold()
    const frame = stranger.frame([reserve('k')])
    for (let time = 0; time < 5; time++) stranger.send(frame)
    stranger.send(stranger.frame([readSku()]))
    await expect.poll(() => shop.partition.answersLength, DEADLINE).toBe(2)
    expect(stranger.replies).toEqual([])
    shop.journal.letGo()
    await expect
      .poll(() => stranger.answers, DEADLINE)
      .toMatchObject([{ number: 1 }, { number: 2 }])
    expect(shop.state.lastSeq).toBe(2)
    const again = await stranger.ask(frame)
    if (typeof again !== 'object' || typeof again.answers === 'string') throw new Error('refused')
    const [replayed] = again.answers.map((one) => readAnswer(one, reserve('k')))
    expect(replayed, 'later it is asked anew').toMatchObject({ isReplay: true })
    expect(shop.state.lastSeq).toBe(2)
  })

  test('by the same number from another sender is another frame', async () => {
    const { stranger, shop } = await meet()
    shop.journal.hold()
    for (const sender of ['one', 'two']) {
      stranger.send(stranger.frame([reserve(sender)], { sender, number: 5 }))
    }
    await expect.poll(() => shop.partition.answersLength, DEADLINE).toBe(2)
    shop.journal.letGo()
    await expect.poll(() => stranger.replies.length, DEADLINE).toBe(2)
  })

  test('from a sender who claims a later owner is told, refused by its place, and not executed', async () => {
    const { stranger, shop, told } = await meet({ owner: { epoch: 4 } })
    const before = shop.hash
    const refused = await stranger.ask(stranger.frame([reserve('k')], { epoch: 5 }))
    expect(refused).toMatchObject({ epoch: 4, answers: 'place' })
    expect(told.fenced).toEqual([5])
    expect(shop.hash).toBe(before)
    const answer = await stranger.ask(stranger.frame([readSku()], { epoch: 4 }))
    expect(answer, 'anybody can claim that').toMatchObject({ epoch: 4, number: 2 })
  })

  randomTest('of random bytes never ends the connection', async (random) => {
    const { stranger, shop, remote } = await meet()
    const before = shop.hash
    for (let round = 0; round < 500; round++) {
      const bytes = Buffer.alloc(random.integer(0, 60))
      for (let at = 0; at < bytes.length; at++) bytes.writeUInt8(random.integer(0, 255), at)
      stranger.send(bytes)
    }
    await expect.poll(() => stranger.replies.length, DEADLINE).toBe(500)
    for (const answer of stranger.answers) {
      expect(typeof answer === 'object' && answer.answers).toMatch(/^(malformed|version)$/)
    }
    expect(shop.hash).toBe(before)
    expect(await ask(remote, reserve('good'))).toMatchObject([{ isNew: true }])
  })

  test('that is poison is logged with bounds, however often it comes', async () => {
    const lines: unknown[] = []
    const warn = (...line: unknown[]) => void lines.push(line)
    const log = new BoundedLog({ warn } as unknown as ConstructorParameters<typeof BoundedLog>[0])
    const onPoison = (reason: string, bytes: number) => log.warn(reason, { bytes })
    const { stranger } = await meet({ owner: { onPoison } })
    for (let time = 0; time < 2_000; time++) stranger.send(Buffer.from('poison'))
    await expect.poll(() => stranger.replies.length, DEADLINE).toBe(2_000)
    expect(lines.length, 'one at once, and how many more once a second').toBeLessThan(30)
  })
})

describe('an owner', () => {
  test('that is none any more neither executes nor answers', async () => {
    let isOwner = true
    const { stranger, shop, far } = await meet({ owner: { isOwner: () => isOwner } })
    shop.journal.hold()
    stranger.send(stranger.frame([reserve('decided')]))
    await expect.poll(() => shop.partition.answersLength, DEADLINE).toBe(1)
    isOwner = false
    shop.journal.letGo()
    await expect.poll(() => shop.partition.answersLength, DEADLINE).toBe(0)
    stranger.send(stranger.frame([reserve('late')]))
    stranger.send(Buffer.from('noise'))
    await stranger.settled(far.ownerLink)
    isOwner = true
    expect(await stranger.ask(stranger.frame([readSku()]))).toMatchObject({ number: 3 })
    expect(shop.state.lastSeq, 'decided, and not told').toBe(2)
    expect(stranger.replies).toHaveLength(1)
  })

  test('that stops answers every frame that NATS had sent it already, and NATS the others', async () => {
    const { stranger, far, shop } = await meet()
    for (let number = 0; number < 100; number++)
      stranger.send(stranger.frame([reserve(`k${number}`)]))
    await Promise.resolve()
    // This thread stands still: the frames reach the owner's socket, but nothing reads it before it is told to stop.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
    const stopped = far.service.stop()
    for (let number = 0; number < 100; number++)
      stranger.send(stranger.frame([reserve(`l${number}`)]))
    await stopped
    await far.service.stop()
    await expect.poll(() => stranger.replies.length, DEADLINE).toBe(200)
    const refused = stranger.replies.filter(({ headers }) => headers?.code === 503)
    expect(shop.state.lastSeq - 1, 'executed and answered').toBe(200 - refused.length)
    expect(shop.state.lastSeq - 1).toBeGreaterThanOrEqual(100)
    stranger.send(stranger.frame([readSku()]))
    await expect.poll(() => stranger.replies.at(-1)?.headers?.code, DEADLINE).toBe(503)
  })

  test('that stops waits for what runs', async () => {
    const { stranger, far, shop } = await meet()
    shop.journal.hold()
    stranger.send(stranger.frame([reserve('k')]))
    await expect.poll(() => shop.partition.answersLength, DEADLINE).toBe(1)
    let isStopped = false
    const stopped = far.service.stop().then(() => {
      isStopped = true
    })
    await far.ownerLink.connection.flush()
    stranger.send(stranger.frame([readSku()]))
    await expect.poll(() => stranger.replies.length, DEADLINE).toBe(1)
    expect(stranger.replies[0]?.headers?.code).toBe(503)
    expect(isStopped).toBe(false)
    shop.journal.letGo()
    await stopped
    await expect.poll(() => stranger.answers.at(-1), DEADLINE).toMatchObject({ number: 1 })
  })

  test('whose gateway stops reading loses nothing: what NATS could not deliver is asked for again', async () => {
    const slow = await nats.server('max_pending: 1048576\nwrite_deadline: "1s"')
    const { far, remote, shop } = await start(
      { gateway: { deadlineMs: 30_000 }, pingMs: 500 },
      slow,
    )
    const skus = Array.from({ length: 1_000 }, (_, number) => `${'s'.repeat(60)}${number}`)
    await ask(remote, ...skus.map((sku) => open(5, {}, sku)))
    const { gatewayLink: link } = far
    const isCut = new Promise<void>((resolve) => link.onChange((isUp) => !isUp && resolve()))
    const socket = (link.connection as unknown as { protocol: { transport: { socket: Socket } } })
      .protocol.transport.socket
    socket.pause()
    const list: Command = { kind: 'list-skus', after: undefined, limit: 1_000 }
    // As many frames as may be in flight: with what is asked for again, more than the server keeps for a client.
    const pages = submitAll(remote, Array<Command>(15).fill(list))
    const taken = submitAll(remote, [reserve('k', 1, { sku: skus[0] ?? '' })])
    await isCut
    for (const page of await answersOf(pages)) {
      expect(page.kind === 'skus' && page.skus.map(({ sku }) => sku)).toEqual(skus)
    }
    expect(await answersOf(taken)).toMatchObject([{ kind: 'reservation' }])
    expect(shop.state.lastSeq).toBe(1_001)
  })

  test('that stops while NATS is down does not wait for it', async () => {
    const { far } = await meet()
    await far.ownerLink.close()
    await far.service.stop()
  })
})

randomTest('after 200 rounds of every fault nothing is left running', async (random) => {
  const { stranger, shop, far } = await meet()
  let isHeld = false
  for (let round = 0; round < 200; round++) {
    const key = `k${random.integer(0, 50)}`
    const frame = stranger.frame([reserve(key), readSku()], {
      sender: random.pick(['a', 'b']),
      number: random.integer(0, 99),
      dueInMs: random.pick([0, 1, LONG_MS]),
    })
    const kinds: readonly (() => void)[] = [
      () => stranger.send(frame),
      () => stranger.send(Buffer.from(frame).subarray(0, random.integer(0, frame.length - 1))),
      () => stranger.send(frame, `holdfast.${far.cluster}.p.0.cmd`),
      () => {
        if (!isHeld) shop.journal.hold()
        isHeld = true
      },
      () => {
        shop.journal.letGo()
        isHeld = false
      },
    ]
    random.pick(kinds)()
    if (random.oneIn(4)) await new Promise((resolve) => setImmediate(resolve))
  }
  shop.journal.letGo()
  stranger.send(stranger.frame([readSku()], { number: 1_000 }))
  const last = expect.objectContaining({ number: 1_000 })
  await expect.poll(() => stranger.answers, DEADLINE).toContainEqual(last)
  await far.service.stop()
})
