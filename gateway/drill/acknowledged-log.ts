// What the server promised, kept outside of it: a file that is synced before the server is killed.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { type Answer, isReservation, type Operation } from '../drive/operations.ts'

/** The most that was acknowledged for one reservation. */
export interface Promised {
  readonly id: string
  quantity: number
  confirmed: number
  returned: number
}

/** Collects acknowledged answers, in memory to check and in a file to keep. */
export class AcknowledgedLog {
  readonly #file: number
  readonly #byId = new Map<string, Promised>()
  readonly #idsByKey = new Map<string, string>()
  readonly #begun: Promise<void>
  #onBegun: () => void = () => undefined
  #buffer = ''
  #doubled = 0

  constructor(path: string) {
    this.#file = openSync(path, 'a')
    this.#begun = new Promise((resolve) => {
      this.#onBegun = resolve
    })
  }

  /** Every reservation that was acknowledged. */
  get promised(): ReadonlyMap<string, Promised> {
    return this.#byId
  }

  /** Resolves with the first acknowledged reservation. */
  get begun(): Promise<void> {
    return this.#begun
  }

  /** Keys that were answered with two different reservations. */
  get doubled(): number {
    return this.#doubled
  }

  /** Takes note of one answer; refusals promise nothing. */
  add(operation: Operation, answer: Answer): void {
    if (!isReservation(answer) || operation.op === 'get') return
    this.#onBegun()
    this.#buffer += `${JSON.stringify({ operation, answer })}\n`
    const promised = this.#byId.get(answer.id) ?? newPromise(answer.id, answer.quantity)
    this.#byId.set(answer.id, promised)
    promised.confirmed = Math.max(promised.confirmed, answer.confirmed ?? 0)
    promised.returned = Math.max(promised.returned, answer.returned ?? 0)
    if (operation.op === 'reserve')
      this.#noteKey(`${operation.buyer} ${operation.sku} ${operation.key}`, answer.id)
  }

  /** Puts everything noted so far on disk. */
  sync(): void {
    writeSync(this.#file, this.#buffer)
    fdatasyncSync(this.#file)
    this.#buffer = ''
  }

  close(): void {
    this.sync()
    closeSync(this.#file)
  }

  #noteKey(key: string, id: string): void {
    const before = this.#idsByKey.get(key)
    if (before !== undefined && before !== id) this.#doubled++
    this.#idsByKey.set(key, id)
  }
}

function newPromise(id: string, quantity: number): Promised {
  return { id, quantity, confirmed: 0, returned: 0 }
}
