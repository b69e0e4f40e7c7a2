// Deadlines of single calls, on a clock in the test's hand: what is begun, what is answered, and when.
import { afterEach, describe, expect, test } from 'vitest'
import type { Command } from '../../core/command.ts'
import { NO_ROW } from '../../core/hash-index.ts'
import type { CallTerms } from '../../gateway/call-terms.ts'
import { Deadlines } from '../../gateway/deadlines.ts'
import type { Answer } from '../../gateway/partition-port.ts'
import { Partitions } from '../../gateway/partitions.ts'
import { idOf, open, readSku, reserve } from '../fixtures/commands.ts'
import { MemoryShop } from '../fixtures/memory-shop.ts'
import { answersOf, NotedTicket } from '../fixtures/noted-ticket.ts'
import { randomTest } from '../fixtures/seed.ts'

const fault = (code: string) => ({ kind: 'fault', code })
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A shop behind partitions whose deadlines go by `clock.now`, in ms. */
async function meet() {
  const clock = { now: 1_000 }
  const deadlines = new Deadlines(() => clock.now)
  const partitions = new Partitions('absent', deadlines)
  const shop = new MemoryShop()
  shops.push(shop)
  partitions.put([shop.selling])
  await partitions.ask(open(1_000) as never)
  const due = (dueInMs: number): CallTerms => {
    return { dueAt: clock.now + dueInMs, traceparent: undefined, timing: undefined }
  }
  const submit = (command: Command, dueInMs?: number): NotedTicket => {
    const ticket = new NotedTicket()
    partitions.submit(command as never, ticket, dueInMs === undefined ? undefined : due(dueInMs))
    return ticket
  }
  const pass = (ms: number) => {
    clock.now += ms
    deadlines.tick()
  }
  return { shop, partitions, due, submit, pass }
}

const shops: MemoryShop[] = []
afterEach(async () => {
  for (const shop of shops.splice(0)) {
    shop.journal.letGo()
    await shop.close()
    await shop.check()
  }
})

describe('a call with a deadline', () => {
  test('that is not begun by then never is, and is answered busy at the deadline', async () => {
    const { shop, submit, pass } = await meet()
    const before = shop.hash
    const late = submit(reserve('late'), 50)
    const other = submit(reserve('other'))
    pass(50)
    expect(late.answers).toEqual([fault('busy')])
    expect(other.answers).toEqual([])
    expect(shop.hash).toBe(before)
    expect(await answersOf([late, other])).toMatchObject([fault('busy'), { kind: 'reservation' }])
    expect(shop.state.rowOf(idOf('late'))).toBe(NO_ROW)
  })

  // The tick may come late; what counts for the command is the clock.
  test('that is taken from the inbox after it is dropped, though no tick has come', async () => {
    const { shop, partitions, due } = await meet()
    expect(await partitions.ask(reserve('late') as never, due(0))).toEqual(fault('busy'))
    expect(shop.state.rowOf(idOf('late'))).toBe(NO_ROW)
  })

  test('that is decided but not durable by then is outcome_unknown, and its late answer is dropped', async () => {
    const { shop, submit, pass } = await meet()
    shop.journal.hold()
    const slow = submit(reserve('slow'), 50)
    await turn()
    pass(49)
    expect(slow.answers).toEqual([])
    pass(6)
    expect(slow.answers).toEqual([fault('outcome_unknown')])
    shop.journal.letGo()
    const again = submit(reserve('slow'), 50)
    expect(await answersOf([again])).toMatchObject([{ kind: 'reservation', isReplay: true }])
    expect(slow.answers, 'answered exactly once').toHaveLength(1)
    expect(shop.state.lastSeq, 'and it happened once').toBe(2)
  })

  test('that is answered in time is not answered again', async () => {
    const { submit, pass } = await meet()
    const ticket = submit(readSku(), 50)
    expect(await answersOf([ticket])).toMatchObject([{ kind: 'sku' }])
    pass(100)
    expect(await answersOf([ticket])).toHaveLength(1)
  })

  test('far away is met as exactly as one that is near', async () => {
    const { shop, submit, pass } = await meet()
    shop.journal.hold()
    const waits = [1, 7, 99, 59_990, 60_000]
    const tickets = waits.map((ms, index) => submit(reserve(`k${index}`), ms))
    await turn()
    let now = 0
    for (const [index, ms] of waits.entries()) {
      pass(ms - 1 - now)
      expect(tickets[index]?.answers, `${ms} ms: not before`).toEqual([])
      pass(5)
      expect(tickets[index]?.answers, `${ms} ms: by then`).toEqual([fault('outcome_unknown')])
      now = ms + 4
    }
  })

  test('after a long silence still ends: the clock stands where nobody looked', async () => {
    const { submit, pass } = await meet()
    expect(await answersOf([submit(readSku(), 10)])).toMatchObject([{ kind: 'sku' }])
    pass(10_000_000)
    const late = submit(reserve('late'), 10)
    pass(10)
    expect(late.answers).toEqual([fault('busy')])
  })
})

describe('calls that share a deadline', () => {
  test('are answered each by what is known of it', async () => {
    const { shop, partitions, due, pass } = await meet()
    await partitions.ask(reserve('before') as never)
    shop.journal.hold()
    const commands = [readSku(), reserve('a'), readSku('none')]
    let answers: readonly Answer[] | undefined
    const asked = partitions.askAll(commands as never, due(50)).then((all) => {
      answers = all
    })
    await turn()
    expect(answers).toBeUndefined()
    pass(55)
    await asked
    expect(answers).toMatchObject([
      { kind: 'sku' },
      fault('outcome_unknown'),
      fault('outcome_unknown'),
    ])
  })

  test('have no effect at all when none was begun', async () => {
    const { shop, partitions, due, pass } = await meet()
    const before = shop.hash
    const asked = partitions.askAll([reserve('a'), reserve('b')] as never, due(50))
    pass(50)
    expect(await asked).toEqual([fault('busy'), fault('busy')])
    await turn()
    expect(shop.hash).toBe(before)
  })
})

randomTest('an answer busy means without effect, whatever happens when', async (random) => {
  const { shop, partitions, submit, pass } = await meet()
  const asked: { readonly key: string; readonly ticket: NotedTicket }[] = []
  let isHeld = false
  for (let round = 0; round < 300; round++) {
    const key = `k${round}`
    asked.push({ key, ticket: submit(reserve(key), random.integer(0, 40)) })
    if (random.oneIn(3)) await turn()
    if (random.oneIn(3)) pass(random.integer(0, 20))
    if (random.oneIn(8)) {
      if (isHeld) shop.journal.letGo()
      else shop.journal.hold()
      isHeld = !isHeld
    }
  }
  shop.journal.letGo()
  await partitions.ask(readSku() as never)
  pass(1_000)
  const answers = await answersOf(asked.map(({ ticket }) => ticket))
  const codes = new Set<string>()
  for (const [index, answer] of answers.entries()) {
    const isThere = shop.state.rowOf(idOf(asked[index]?.key ?? '')) !== NO_ROW
    const code = answer.kind === 'fault' ? answer.code : answer.kind
    codes.add(code)
    expect(isThere, `${asked[index]?.key} was answered ${code}`).toBe(code !== 'busy')
  }
  expect([...codes].sort()).toEqual(['busy', 'outcome_unknown', 'reservation'])
})
