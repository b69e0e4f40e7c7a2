// Log lines that strangers can provoke: the first of a kind at once, the rest counted and told once a second.
import type { Logger } from 'pino'

const QUIET_MS = 1_000
/** Kinds that are told apart at once; more are one kind. */
const KINDS_MAX = 64

/** Writes at most one line a second for each kind of trouble, with how many there were. */
export class BoundedLog {
  readonly #logger: Logger
  readonly #counts = new Map<string, number>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  warn(reason: string, details: object = {}): void {
    const kind =
      this.#counts.size < KINDS_MAX || this.#counts.has(reason) ? reason : 'other trouble'
    const count = this.#counts.get(kind)
    if (count !== undefined) {
      this.#counts.set(kind, count + 1)
      return
    }
    this.#counts.set(kind, 0)
    this.#logger.warn(details, kind)
    setTimeout(() => this.#tellRest(kind), QUIET_MS).unref()
  }

  #tellRest(kind: string): void {
    const more = this.#counts.get(kind) ?? 0
    this.#counts.delete(kind)
    if (more > 0) this.#logger.warn({ more }, kind)
  }
}
