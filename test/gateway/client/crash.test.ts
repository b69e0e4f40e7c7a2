// kill -9 of a real server in the middle of a crowd: every call ends, what was acknowledged is there once.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect } from 'vitest'
import type { HoldfastClient } from '../../../gateway/client/holdfast-client.ts'
import { endServersAfterEach, RealServer } from '../../fixtures/real-server.ts'
import { randomTest } from '../../fixtures/seed.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { granted, testClients, turn } from './clients.ts'

const newDirectory = tempDirectories()
endServersAfterEach()
const newClient = testClients()
const relays: Relay[] = []
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.close()
})

/** One address for a server that comes back on another port: passes bytes on, refuses while it is gone. */
class Relay {
  target = 0
  readonly url: string
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  static async start(): Promise<Relay> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const relay = new Relay(server)
    relays.push(relay)
    return relay
  }

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (near) => {
      const far = connect(this.target, '127.0.0.1')
      this.#join(near, far)
      this.#join(far, near)
    })
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.pipe(to)
    from.on('error', () => undefined)
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}

/** Buyers who go on until they are told to stop. */
class Crowd {
  /** Ids by key. */
  readonly acknowledged = new Map<string, string>()
  readonly faults: unknown[] = []
  #isOver = false
  readonly #gone: Promise<unknown>

  constructor(client: HoldfastClient, buyers: number) {
    const all = Array.from({ length: buyers }, (_, buyer) => this.#buy(client, `buyer-${buyer}`))
    this.#gone = Promise.all(all)
  }

  async bought(count: number): Promise<void> {
    while (this.acknowledged.size < count) await turn()
  }

  end(): Promise<unknown> {
    this.#isOver = true
    return this.#gone
  }

  async #buy(client: HoldfastClient, buyer: string): Promise<void> {
    for (let order = 0; !this.#isOver; order++) {
      const key = `${buyer}-${order}`
      try {
        const { id } = granted(await client.reserve({ sku: 'shoe', buyer, quantity: 1, key }))
        this.acknowledged.set(key, id)
      } catch (fault) {
        this.faults.push(fault)
      }
    }
  }
}

randomTest(
  'a crowd does not notice that the server is killed and started again',
  async (random) => {
    const data = newDirectory()
    const relay = await Relay.start()
    let server = await RealServer.start(data)
    relay.target = server.port
    await server.open(1_000_000)
    const client = newClient(relay.url, { deadlineMs: 60_000 })
    const crowd = new Crowd(client, 64)
    for (let round = 0; round < 2; round++) {
      await crowd.bought(crowd.acknowledged.size + random.integer(100, 1_000))
      expect((await server.end('SIGKILL')).signal).toBe('SIGKILL')
      server = await RealServer.start(data)
      relay.target = server.port
    }
    await crowd.bought(crowd.acknowledged.size + 500)
    await crowd.end()

    expect(crowd.faults).toEqual([])
    expect(new Set(crowd.acknowledged.values()).size, 'one id per key').toBe(
      crowd.acknowledged.size,
    )
    const again = [...crowd.acknowledged].map(async ([key, id]) => {
      const buyer = key.replace(/-\d+$/, '')
      const repeat = granted(await client.reserve({ sku: 'shoe', buyer, quantity: 1, key }))
      expect([repeat.id, repeat.isReplay]).toEqual([id, true])
    })
    await Promise.all(again)
    const bought = crowd.acknowledged.size
    expect(await client.sku('shoe')).toMatchObject({
      sku: { stock: 1_000_000, available: 1_000_000 - bought, held: bought, sold: 0 },
    })
  },
)
