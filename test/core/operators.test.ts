// Who did it: the journal keeps the name, and the state knows nothing of it.
import { describe, expect, test } from 'vitest'
import { stateHash } from '../../core/state-hash.ts'
import { adjust, amend, open, reserve } from '../fixtures/commands.ts'
import { replayed, testPartitions } from '../fixtures/test-partition.ts'

const partitions = testPartitions()

describe('an operator', () => {
  test('is named in the event of what he did', () => {
    const shop = partitions()
    shop.askAll(
      ...[
        { ...open(5), by: 'eve' },
        { ...open(5, { perBuyer: 1 }), by: 'otto' },
      ],
      ...[
        { ...amend({ paused: true }), by: 'ida' },
        { ...adjust(3, 'k'), by: 'night-shift' },
      ],
      ...[open(5), adjust(1, 'l')],
    )
    const told = shop.journal.map((event) => [event.kind, 'by' in event ? event.by : 'nobody'])
    expect(told).toEqual([
      ...[
        ['opened', 'eve'],
        ['changed', 'otto'],
        ['changed', 'ida'],
        ['adjusted', 'night-shift'],
      ],
      ...[
        ['changed', undefined],
        ['adjusted', undefined],
      ],
    ])
  })

  test('is no part of the state', () => {
    const shop = partitions()
    shop.askAll({ ...open(5), by: 'eve' }, { ...adjust(3, 'k'), by: 'eve' }, reserve('a'))
    shop.ask({ ...amend({ perBuyer: 3 }), by: 'eve' })
    const nameless = shop.journal.map((event) => ('by' in event ? { ...event, by: 'otto' } : event))
    expect(stateHash(replayed(nameless))).toBe(shop.hash)
    expect(JSON.stringify(shop.sku())).not.toContain('eve')
  })

  test('who repeats what somebody else did changes nothing: it stays the first one’s', () => {
    const shop = partitions()
    shop.ask({ ...open(5), by: 'eve' })
    const first = shop.ask({ ...adjust(3, 'k'), by: 'eve' })
    expect(shop.ask({ ...adjust(3, 'k'), by: 'otto' })).toEqual({ ...first, isReplay: true })
    shop.askAll({ ...open(5), by: 'otto' }, { ...amend({ paused: false }), by: 'otto' })
    expect(shop.journal).toHaveLength(2)
    expect(JSON.stringify(shop.journal)).not.toContain('otto')
  })
})
