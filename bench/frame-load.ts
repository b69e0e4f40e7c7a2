// Clients of NATS at full speed: frames straight to a partition, and single requests to an echo.
import { invariant } from '../core/invariant.ts'
import { partitionOfSku } from '../core/partition-of.ts'
import { randomId } from '../gateway/api/new-reservation-id.ts'
import { NatsLink } from '../gateway/nats/link.ts'
import { linkOptions } from '../gateway/nats/link-options.ts'
import { RemotePartition } from '../gateway/nats/remote-partition.ts'
import type { Answer, AnswerTicket } from '../gateway/partition-port.ts'

/** Commands that wait for their answers at any time, over all partitions. */
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
 * Reserves one unit after the other for `seconds`, a window at a time, and counts the new ones. The window is shared by
 * all `partitionCount` partitions. Fails when an answer is neither a new reservation nor `busy`.
 */
export async function loadFrames(
  url: string,
  seconds: number,
  partitionCount = 1,
): Promise<FrameRun> {
  const link = await NatsLink.connect(linkOptions({ nats: url }, 'bench'))
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition)
  const remotes = partitions.map((partition) => remoteOf(link, partition, partitionCount))
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1_000
  const loads = remotes.map((remote, partition) => {
    const skus = SKU_NAMES.filter((sku) => partitionOfSku(sku, partitionCount) === partition)
    return new FrameLoad({ remote, skus, window: WINDOW / partitionCount, endsAt })
  })
  await Promise.all(loads.map((load) => load.run()))
  const elapsedMs = performance.now() - startedAt
  await Promise.all(remotes.map((remote) => remote.drain()))
  await link.close()
  for (const load of loads) load.check()
  const made = loads.reduce((sum, load) => sum + load.made, 0)
  return { perSecond: (made * 1_000) / elapsedMs, made }
}

function remoteOf(link: NatsLink, partition: number, partitionCount: number): RemotePartition {
  return new RemotePartition({
    ...{ link, cluster: 'main', partition, partitionCount, sender: 'bench' },
    deadlineMs: DEADLINE_MS,
    onTrouble: (reason) => invariant(false, reason),
    onMismatch: (reason) => invariant(false, reason),
  })
}

interface FrameLoadOptions {
  readonly remote: RemotePartition
  /** All of the remote's partition. */
  readonly skus: readonly string[]
  /** Commands that wait for their answers at any time. */
  readonly window: number
  /** Monotonic, in ms. */
  readonly endsAt: number
}

/** The load of one partition. */
class FrameLoad implements AnswerTicket {
  readonly #options: FrameLoadOptions
  #made = 0
  #busy = 0
  #surprise: string | undefined
  #sent = 0
  #answered = 0
  /** Answered since the last turn: so many commands follow in the next one. */
  #owed = 0
  #onEnd: () => void = () => undefined

  constructor(options: FrameLoadOptions) {
    this.#options = options
  }

  get made(): number {
    return this.#made
  }

  /** Fails when an answer came that should not have come; tells of those that were `busy`. */
  check(): void {
    invariant(this.#surprise === undefined, `every command makes a reservation: ${this.#surprise}`)
    if (this.#busy === 0) return
    process.stderr.write(`the machine is not idle: ${this.#busy} refused as busy\n`)
  }

  run(): Promise<void> {
    for (let count = 0; count < this.#options.window; count++) this.#reserve()
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
    if (performance.now() < this.#options.endsAt)
      for (let count = 0; count < owed; count++) this.#reserve()
    else if (this.#answered === this.#sent) this.#onEnd()
  }

  #reserve(): void {
    const { remote, skus } = this.#options
    const number = this.#sent++
    const sku = skus[number % skus.length] ?? ''
    const buyer = BUYER_NAMES[number % WINDOW] ?? ''
    const command = { kind: 'reserve', id: randomId(sku), sku, buyer, quantity: 1 } as const
    remote.submit({ ...command, holdMs: undefined, meta: undefined }, this)
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
