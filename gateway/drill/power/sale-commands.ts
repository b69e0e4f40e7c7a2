// A small sale at random: few SKUs, buyers and keys, so that every kind of event happens within a few hundred.
import type { Command } from '../../../core/command.ts'
import { completeRules } from '../../../core/rules.ts'
import { idOfKey } from '../../api/new-reservation-id.ts'
import { seededRandom } from '../random.ts'

const SKUS = ['shoe', 'hat', 'bag', 'scarf']
const BUYERS = ['ada', 'bob', 'cem', 'dee', 'eva']
const KEYS = 60
const STOCK = 200
const HOLDS_MS = [1_000, 2_000, 30_000, 600_000]

/** What may be asked, by how often it is: the share of commands up to and with this one. */
const KINDS = [
  ...[
    { upTo: 0.5, kind: 'reserve' },
    { upTo: 0.65, kind: 'confirm' },
    { upTo: 0.73, kind: 'cancel' },
    { upTo: 0.79, kind: 'extend' },
    { upTo: 0.84, kind: 'return' },
  ],
  ...[
    { upTo: 0.9, kind: 'adjust' },
    { upTo: 0.92, kind: 'open' },
    { upTo: 0.96, kind: 'read-sku' },
    { upTo: 1, kind: 'read-reservation' },
  ],
] as const

/** An endless stream of commands; the same for the same seed. */
export function* saleCommands(seed: number): Generator<Command, never> {
  const random = seededRandom(seed)
  for (const sku of SKUS) yield openSku(sku, 600_000)
  for (;;) yield someCommand(seed, random)
}

function someCommand(seed: number, random: () => number): Command {
  const whole = (below: number) => Math.floor(random() * below)
  const [sku, number] = [SKUS[whole(SKUS.length)] as string, whole(KEYS)]
  const buyer = BUYERS[number % BUYERS.length] as string
  const key = `${seed}-${number}`
  const id = idOfKey(buyer, sku, key)
  const chance = random()
  const kind = KINDS.find(({ upTo }) => chance < upTo)?.kind ?? 'reserve'
  switch (kind) {
    case 'reserve': {
      const [holdMs, meta] = [HOLDS_MS[whole(HOLDS_MS.length)], chance < 0.1 ? 'gift' : undefined]
      return { kind, id, sku, buyer, quantity: 1 + whole(3), holdMs, meta }
    }
    case 'confirm':
      return { kind, id, quantity: undefined, paymentId: 'paid' }
    case 'extend':
      return { kind, id, holdMs: 60_000, buyer: undefined }
    case 'return':
      return { kind, id, returnedTotal: undefined }
    case 'adjust':
      return { kind, sku, key, delta: whole(9) - 3, reason: 'count', by: 'stock-taker' }
    case 'open':
      return openSku(sku, 600_000 + whole(9))
    case 'read-sku':
      return { kind, sku }
    default:
      return { kind, id, buyer: undefined }
  }
}

function openSku(sku: string, holdMs: number): Command {
  return { kind: 'open', sku, stock: STOCK, rules: completeRules({ holdMs }), by: undefined }
}
