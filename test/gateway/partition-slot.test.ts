// The place of a partition before its journal is replayed.
import { describe, expect, test } from 'vitest'
import type { Answer, PartitionPort } from '../../gateway/partition-port.ts'
import { PartitionSlot } from '../../gateway/partition-slot.ts'
import { readSku } from '../fixtures/commands.ts'

const unavailable = { kind: 'fault', code: 'partition_unavailable' }

describe('a partition slot', () => {
  test('row 40: answers everything with partition_unavailable while it is empty', async () => {
    const slot = new PartitionSlot()
    expect(slot.unreadyReasons()).toEqual(['recovering'])
    expect(await slot.ask(readSku())).toEqual(unavailable)
    const answers: Answer[] = []
    slot.submit(readSku(), { answer: (answer) => answers.push(answer) })
    expect(answers).toEqual([unavailable])
    expect(await slot.askAll([readSku(), readSku()])).toEqual([unavailable, unavailable])
    expect(await slot.askAll([])).toEqual([])
  })

  test('is the partition that was put in', async () => {
    const partition: PartitionPort = {
      submit: (_, ticket) => ticket.answer({ kind: 'fault', code: 'disk_low' }),
      ask: async () => ({ kind: 'fault', code: 'busy' }),
      askAll: async (commands) => commands.map(() => ({ kind: 'fault', code: 'draining' })),
      unreadyReasons: () => ['disk_low'],
    }
    const slot = new PartitionSlot()
    slot.put(partition)
    expect(slot.unreadyReasons()).toEqual(['disk_low'])
    expect(await slot.ask(readSku())).toEqual({ kind: 'fault', code: 'busy' })
    const answers: Answer[] = []
    slot.submit(readSku(), { answer: (answer) => answers.push(answer) })
    expect(answers).toEqual([{ kind: 'fault', code: 'disk_low' }])
    expect(await slot.askAll([readSku()])).toEqual([{ kind: 'fault', code: 'draining' }])
  })
})
