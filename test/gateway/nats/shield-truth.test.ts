// Is what the shield says true? Two gateways, one owner and a real nats-server under random traffic, held against the
// durable history of every SKU.
import { describe, expect } from 'vitest'
import type { Command } from '../../../core/command.ts'
import { evolve } from '../../../core/evolve.ts'
import type { EventBlock } from '../../../core/partition.ts'
import { PartitionState } from '../../../core/partition-state.ts'
import type { NatsServer } from '../../../gateway/cluster/nats-server.ts'
import type { NatsLink } from '../../../gateway/nats/link.ts'
import { PartitionService } from '../../../gateway/nats/partition-service.ts'
import { RemotePartition } from '../../../gateway/nats/remote-partition.ts'
import { StockListener } from '../../../gateway/nats/stock-listener.ts'
import type { Answer } from '../../../gateway/partition-port.ts'
import { ShieldedPartition } from '../../../gateway/shielded-partition.ts'
import { type NewReserve, SoldOutShield } from '../../../gateway/sold-out-shield.ts'
import { IDENTITY } from '../../fixtures/blocks.ts'
import { adjust, idOf, open, reserve } from '../../fixtures/commands.ts'
import { testNats } from '../../fixtures/nats.ts'
import { type Random, randomTest } from '../../fixtures/seed.ts'
import { CLUSTER, PLACE, StockOwner } from '../../fixtures/stock-owner.ts'

const nats = testNats()
const STALE_MS = 100
/** What a crowded machine may add to the estimate of a message's age: everything here shares one event loop. */
const TOLERANCE_MS = 20
const DEADLINE_MS = 40_000
const SKUS = ['shoe', 'hat', 'bag']
const STOCK = 3

/** Since when each SKU had how many units available, as far as the disk knows. */
class History {
  readonly #state = new PartitionState(7)
  readonly #moments = new Map<string, { sinceMs: number; available: number }[]>()

  note(block: EventBlock): void {
    const sinceMs = performance.now()
    for (const event of block.events) {
      evolve(this.#state, event)
      for (const { sku, available } of this.#state.actors) {
        const moments = this.#moments.get(sku) ?? []
        if (moments.at(-1)?.available !== available) moments.push({ sinceMs, available })
        this.#moments.set(sku, moments)
      }
    }
  }

  /** How long ago, in ms, nothing of `sku` was available for the last time. */
  soldOutAgoMs(sku: string): number {
    const moments = this.#moments.get(sku) ?? []
    const index = moments.findLastIndex(({ available }) => available === 0)
    if (index < 0) return Number.POSITIVE_INFINITY
    const end = moments[index + 1]
    return end === undefined ? 0 : performance.now() - end.sinceMs
  }
}

/** A gateway without its HTTP: the port to the partition, with the shield in front. */
class Gateway {
  readonly shield = new SoldOutShield({ staleMs: STALE_MS, flagsMax: 100 })
  readonly trouble: string[] = []
  readonly #remote: RemotePartition
  readonly #listener: StockListener
  readonly #port: ShieldedPartition

  constructor(link: NatsLink, sender: string) {
    const onTrouble = (reason: string) => void this.trouble.push(reason)
    const common = { link, cluster: CLUSTER, ...PLACE, onTrouble }
    this.#remote = new RemotePartition({
      ...{ ...common, sender, deadlineMs: 20_000, onMismatch: onTrouble },
    })
    this.#listener = new StockListener({
      ...{ ...common, shield: this.shield },
      onEpoch: (epoch) => this.#remote.heedEpoch(epoch),
    })
    this.#listener.start()
    this.#port = new ShieldedPartition(this.#remote, this.shield, this.#listener)
  }

  /** The answer, and whether the shield gave it. */
  async ask(command: Command | NewReserve): Promise<{ answer: Answer; isShielded: boolean }> {
    const before = this.shield.counts.shielded
    const answer = new Promise<Answer>((resolve) => {
      this.#port.submit(command, { answer: resolve })
    })
    // The shield answers before `submit` returns.
    const isShielded = this.shield.counts.shielded > before
    return { answer: await answer, isShielded }
  }

  unreadyReasons(): readonly string[] {
    return this.#port.unreadyReasons()
  }

  async stop(): Promise<void> {
    this.#listener.stop()
    await this.#remote.drain()
  }
}

/** Everything of one run: who plays, what became of each key, and what was found wrong. */
class Sale {
  readonly history = new History()
  readonly owner: StockOwner
  readonly gateways: readonly Gateway[]
  readonly wrong: string[] = []
  readonly #service: PartitionService
  readonly #random: Random
  /** Ids of keys of which somebody knows that they are reserved. */
  readonly #made = new Set<string>()
  #number = 0

  private constructor(links: readonly NatsLink[], random: Random) {
    const [own, ...others] = links
    if (own === undefined) throw new Error('an owner has a link')
    this.#random = random
    const onDurable = (block: EventBlock) => this.history.note(block)
    this.owner = new StockOwner(own, { now: Date.now, onDurable })
    this.#service = new PartitionService({
      ...{ link: own, cluster: CLUSTER, clusterId: IDENTITY.clusterId, ...PLACE, epoch: 1 },
      port: this.owner.port,
      isOwner: () => true,
      onFenced: (epoch) => void this.wrong.push(`fenced by ${epoch}`),
      onPoison: (reason) => void this.wrong.push(reason),
    })
    this.gateways = others.map((link, index) => new Gateway(link, `gateway-${index}`))
  }

  static async open(server: NatsServer, random: Random): Promise<Sale> {
    const links = await Promise.all([1, 2, 3].map(() => nats.link(server)))
    const sale = new Sale(links, random)
    for (const sku of SKUS) await sale.owner.askAll(open(STOCK, {}, sku))
    sale.owner.feed.start()
    return sale
  }

  get counts() {
    const all = this.gateways.map(({ shield }) => shield.counts)
    const sum = (name: keyof (typeof all)[number]) =>
      all.reduce((total, counts) => total + counts[name], 0)
    return {
      shielded: sum('shielded'),
      passedKeyed: sum('passedKeyed'),
      loweredByFeed: sum('loweredByFeed'),
      loweredByAnswer: sum('loweredByAnswer'),
    }
  }

  /** One client's wish at any gateway. */
  async wish(): Promise<void> {
    const gateway = this.#random.pick(this.gateways)
    const sku = this.#random.pick(SKUS)
    if (this.#random.oneIn(3)) await this.#keyed(gateway, sku)
    else if (this.#random.oneIn(12)) await this.#changeStock(gateway, sku)
    else await this.#fresh(gateway, sku)
  }

  async stop(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.stop()))
    await this.#service.stop()
    await this.owner.stop()
  }

  async #fresh(gateway: Gateway, sku: string): Promise<void> {
    const key = `fresh-${++this.#number}`
    const command = { ...reserve(key, this.#random.integer(1, STOCK), { sku }), isFreshId: true }
    const asked = gateway.ask(command)
    const agoMs = this.history.soldOutAgoMs(sku)
    const { answer, isShielded } = await asked
    if (isShielded && agoMs > STALE_MS + TOLERANCE_MS) {
      this.wrong.push(`${sku} was sold out ${agoMs} ms ago, and shielded`)
    }
    if (answer.kind === 'reservation') await this.#end(sku, key)
  }

  // Whoever is refused tries again at another gateway, then comes back to the first: a
  // reservation made a moment ago must be found.
  async #keyed(first: Gateway, sku: string): Promise<void> {
    const key = `key-${++this.#number}`
    const others = this.gateways.filter((gateway) => gateway !== first)
    for (const gateway of [first, ...others, first, ...others, first]) {
      await this.#tryKey(gateway, sku, key)
    }
    if (this.#made.has(`${sku} ${key}`)) await this.#end(sku, key)
  }

  async #tryKey(gateway: Gateway, sku: string, key: string): Promise<void> {
    const name = `${sku} ${key}`
    const wasMade = this.#made.has(name)
    const { answer, isShielded } = await gateway.ask({
      ...{ ...reserve(key, 1, { sku }), isFreshId: false },
    })
    if (isShielded) this.wrong.push(`${name} was shielded`)
    if (wasMade && answer.kind !== 'reservation') this.wrong.push(`${name} was made, then refused`)
    if (answer.kind === 'reservation') this.#made.add(name)
  }

  // Nothing is kept for long, so that stock comes and goes. Anybody may end it, at any gateway.
  async #end(sku: string, key: string): Promise<void> {
    const turns = this.#random.integer(0, 300)
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
    const gateway = this.#random.pick(this.gateways)
    const { answer } = await gateway.ask({
      ...{ kind: 'cancel', id: idOf(key, sku), buyer: undefined },
    })
    if (answer.kind === 'fault') this.wrong.push(`a cancel is answered ${answer.code}`)
  }

  // Units come, and go again when nobody took them; a pause shows that sold out is not all there is.
  async #changeStock(gateway: Gateway, sku: string): Promise<void> {
    const key = `stock-${++this.#number}`
    const { answer } = await gateway.ask(adjust(1, `${key}-up`, 'r', sku))
    if (answer.kind !== 'sku') this.wrong.push(`stock is answered ${answer.kind}`)
    for (let taken = false; !taken; ) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      const down = await gateway.ask(adjust(-1, `${key}-down`, 'r', sku))
      taken = down.answer.kind === 'sku'
    }
  }
}

describe('under random traffic through two gateways', () => {
  randomTest(
    'what is shielded is true, and no retry of what was made is refused',
    async (random) => {
      const sale = await Sale.open(await nats.server(), random)
      const startedAt = performance.now()
      const running = new Set<Promise<void>>()
      const isEnough = () => {
        const { shielded, passedKeyed, loweredByFeed, loweredByAnswer } = sale.counts
        const isSeen =
          shielded > 300 && passedKeyed > 30 && loweredByFeed > 10 && loweredByAnswer > 10
        return isSeen || performance.now() - startedAt > DEADLINE_MS
      }
      while (!isEnough() && sale.wrong.length === 0) {
        if (running.size < 60) {
          const wish: Promise<void> = sale.wish().finally(() => running.delete(wish))
          running.add(wish)
        }
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      const reasons = sale.gateways.map((gateway) => gateway.unreadyReasons())
      await Promise.all(running)
      await sale.stop()
      expect(sale.wrong).toEqual([])
      expect(sale.gateways.flatMap(({ trouble }) => trouble)).toEqual([])
      expect(reasons).toEqual([[], []])
      const { shielded, passedKeyed, loweredByFeed, loweredByAnswer } = sale.counts
      expect(shielded).toBeGreaterThan(300)
      expect(passedKeyed).toBeGreaterThan(30)
      expect(loweredByFeed).toBeGreaterThan(10)
      expect(loweredByAnswer).toBeGreaterThan(10)
    },
  )
})
