// Answers on the wire: every one comes through unchanged, and none that does not fit its question is believed.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Command } from '../../../core/command.ts'
import type { ReservationView, SkuView } from '../../../core/outcome.ts'
import { encodeAnswer, readAnswer } from '../../../gateway/nats/answer-codec.ts'
import type { Answer } from '../../../gateway/partition-port.ts'
import type { Plain } from '../../../journal/event-codec.ts'
import { packr } from '../../../journal/message-pack.ts'
import { anyAnswerTo, anyCommand } from '../../fixtures/any-command.ts'
import { cancel, confirm, idOf, open, readSku, reserve, START } from '../../fixtures/commands.ts'
import { propertyTest } from '../../fixtures/seed.ts'

const question = anyCommand.chain((command) => fc.tuple(fc.constant(command), anyAnswerTo(command)))
const overTheWire = (answer: Answer): unknown => packr.unpack(packr.pack(encodeAnswer(answer)))

propertyTest(
  'every answer comes through unchanged',
  fc.property(question, ([command, answer]) => {
    expect(readAnswer(overTheWire(answer), command)).toEqual(answer)
  }),
  2_000,
)

const held: ReservationView = {
  ...{ kind: 'reservation', isNew: false, isReplay: false, id: idOf('k'), sku: 'shoe' },
  ...{ buyer: 'ada', quantity: 1, state: 'held', confirmed: 0, returned: 0, expiresAt: START },
  ...{ endedAt: undefined, remaining: 9, seq: 2 },
}
const shoe: SkuView = {
  ...{ kind: 'sku', isNew: false, isReplay: false, sku: 'shoe', stock: 10, available: 9, held: 1 },
  ...{ sold: 0, rules: open(10).rules, seq: 2, at: START },
}
const due: Answer = {
  kind: 'holds',
  holds: [
    { ...held, reservedAt: START, expiresAt: START },
    { ...held, reservedAt: START, expiresAt: START },
  ],
}
const page: Answer = { kind: 'skus', skus: [shoe, shoe], next: undefined }
const describeIt: Command = { kind: 'describe', withHash: false }
const list = (limit: number): Command => ({ kind: 'list-skus', after: undefined, limit })

describe('an answer to something else', () => {
  test.each<[string, Command, Answer]>([
    ['of another reservation', confirm('other'), held],
    ['of a reservation to who asked for a SKU', readSku(), held],
    ['of a SKU to who asked for a reservation', confirm('k'), shoe],
    ['of a SKU to who wants to reserve it', reserve('k'), shoe],
    ['of another SKU', readSku('hat'), shoe],
    ['of a page to who asked for a SKU', readSku(), page],
    ['of a longer page than was asked for', list(1), page],
    ['of a SKU to who asked for a page', list(10), shoe],
    ['of holds to who asked for SKUs', list(10), due],
    ['of more holds than were asked for', { kind: 'list-due', limit: 1 }, due],
    ['of a page to who asked for the partition', describeIt, page],
    ['that made a reservation, to who cancels', cancel('k'), { ...held, isNew: true }],
  ])('%s is refused', (_what, command, answer) => {
    expect(() => readAnswer(encodeAnswer(answer), command)).toThrow(TypeError)
  })

  test('is told apart from the right one', () => {
    expect(readAnswer(encodeAnswer(held), cancel('k'))).toEqual(held)
    expect(readAnswer(encodeAnswer(shoe), readSku())).toEqual(shoe)
    expect(readAnswer(encodeAnswer(page), list(2))).toEqual(page)
  })
})

describe('what is no answer', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'busy'],
    ['an object', { kind: 'fault', code: 'busy' }],
    ['an empty array', []],
    ['an unknown code', [9, 'busy']],
    ['holds that are no list', [8, 'shoe']],
    ['a hold without a deadline', [8, [[1, 2, 3, 4, 'shoe', 'ada', 1, 5]]]],
    ['an unknown fault', [7, 'on fire']],
    ['a refusal in the place of a fault', [7, 'sold_out']],
    ['a name that every object has', [7, 'constructor']],
    ['an unknown refusal', [6, 'no']],
    ['a fault in the place of a refusal', [6, 'outcome_unknown']],
    ['a problem that no partition has', [6, 'internal_error']],
    ['a name that every object has, as a refusal', [6, 'constructor']],
    ['a refusal without its members', [6, 'sold_out']],
    ['a refusal with a member of another type', [6, 'sold_out', 1, 1, 1]],
    ['a refusal with a text for a number', [6, 'buyer_limit', '4', 4]],
    ['a refusal with a number for words', [6, 'rules_contradict', 1]],
    ['a new reservation without a seq', [1, START, 9, null]],
    ['a new reservation of a fraction', [1, START, 9.5, 2]],
    ['a reservation in a state that nobody knows', (encodeAnswer(held) as Plain[]).with(9, 4)],
    ['a reservation in a state before the first', (encodeAnswer(held) as Plain[]).with(9, -1)],
    ['a reservation with a BigInt', (encodeAnswer(held) as unknown[]).with(8, 1n)],
    ['a page of something else', [4, null, 'shoe']],
    ['a page of numbers', [4, null, [1, 2]]],
    ['a partition whose owner is none', [5, 1, START, 1, 1, 1, 1, 64, null, 'ada']],
    ['a partition whose owner lacks words', [5, 1, START, 1, 1, 1, 1, 64, null, [1, 2]]],
  ])('%s is refused', (_what, value) => {
    for (const command of [reserve('k'), confirm('k'), readSku(), list(10), describeIt]) {
      expect(() => readAnswer(value, command)).toThrow(TypeError)
    }
  })
})
