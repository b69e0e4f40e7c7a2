// Clients of NATS at full speed: frames straight to a partition, and single requests to an echo.
import { invariant } from '../core/invariant.ts'
import { randomId } from '../gateway/api/new-reservation-id.ts'
import { NatsLink } from '../gateway/nats/link.ts'
import { linkOptions } from '../gateway/nats/link-options.ts'
import { RemotePartition } from '../gateway/nats/remote-partition.ts'
import type { Answer, AnswerTicket } from '../gateway/partition-port.ts'

/** Commands that wait for their answers at any time. */
const WINDOW = 24_576
/** Single requests that wait for their answers at any time. */
const REQUESTS = 256
const SKUS = 100
const DEADLINE_MS = 10_000
/** Made beforehand: to put names together would be measured otherwise. */
const SKU_NAMES = Array.from({ length: SKUS }, (_, number) => `sku-${number}`)
const BUYER_NAMES = Array.from({ length: WINDOW }, (_, number) => `buyer-${number}`)

export interface FrameRun {
  readonly perSecond: number
  readonly made: number
}

/**
 * Reserves one unit after the other for `seconds`, a window at a time, and counts the new ones. Fails when an answer is
 * neither that nor `busy`.
 */
export async function loadFrames(url: string, seconds: number): Promise<FrameRun> {
  const link = await NatsLink.connect(linkOptions({ nats: url }, 'bench'))
  const remote = new RemotePartition({
    ...{ link, cluster: 'main', partition: 0, partitionCount: 1, sender: 'bench' },
    deadlineMs: DEADLINE_MS,
    onTrouble: (reason) => invariant(false, reason),
    onMismatch: (reason) => invariant(false, reason),
  })
  const load = new FrameLoad(remote, performance.now() + seconds * 1_000)
  const startedAt = performance.now()
  await load.run()
  const elapsedMs = performance.now() - startedAt
  await remote.drain()
  await link.close()
  invariant(load.surprise === undefined, `every command makes a reservation: ${load.surprise}`)
  if (load.busy > 0) process.stderr.write(`the machine is not idle: ${load.busy} refused as busy\n`)
  return { perSecond: (load.made * 1_000) / elapsedMs, made: load.made }
}

class FrameLoad implements AnswerTicket {
  readonly #remote: RemotePartition
  readonly #endsAt: number
  #made = 0
  #busy = 0
  #surprise: string | undefined
  #sent = 0
  #answered = 0
  /** Answered since the last turn: so many commands follow in the next one. */
  #owed = 0
  #onEnd: () => void = () => undefined

  constructor(remote: RemotePartition, endsAt: number) {
    this.#remote = remote
    this.#endsAt = endsAt
  }

  get made(): number {
    return this.#made
  }

  get busy(): number {
    return this.#busy
  }

  /** An answer that should not have come. */
  get surprise(): string | undefined {
    return this.#surprise
  }

  run(): Promise<void> {
    for (let count = 0; count < WINDOW; count++) this.#reserve()
    return new Promise((resolve) => {
      this.#onEnd = resolve
    })
  }

  answer(answer: Answer): void {
    if (answer.kind === 'reservation' && answer.isNew) this.#made++
    else if (answer.kind === 'fault' && answer.code === 'busy') this.#busy++
    else this.#surprise ??= answer.kind === 'fault' ? answer.code : answer.kind
    this.#answered++
    if (this.#owed++ === 0) setImmediate(() => this.#goOn())
  }

  #goOn(): void {
    const owed = this.#owed
    this.#owed = 0
    if (performance.now() < this.#endsAt) for (let count = 0; count < owed; count++) this.#reserve()
    else if (this.#answered === this.#sent) this.#onEnd()
  }

  #reserve(): void {
    const number = this.#sent++
    const sku = SKU_NAMES[number % SKUS] ?? ''
    const buyer = BUYER_NAMES[number % WINDOW] ?? ''
    const command = { kind: 'reserve', id: randomId(sku), sku, buyer, quantity: 1 } as const
    this.#remote.submit({ ...command, holdMs: undefined, meta: undefined }, this)
  }
}

/** Requests with `payload`, one command a message, for `seconds`; answers per second. */
export async function loadEcho(
  url: string,
  subject: string,
  payload: Uint8Array,
  seconds: number,
): Promise<number> {
  const link = await NatsLink.connect(linkOptions({ nats: url }, 'bench'))
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1_000
  let answered = 0
  const one = async (): Promise<void> => {
    while (performance.now() < endsAt) {
      const { data } = await link.connection.request(subject, payload, { timeout: DEADLINE_MS })
      invariant(data.length === payload.length, 'an echo is what was sent')
      answered++
    }
  }
  await Promise.all(Array.from({ length: REQUESTS }, one))
  const perSecond = (answered * 1_000) / (performance.now() - startedAt)
  await link.close()
  return perSecond
}
