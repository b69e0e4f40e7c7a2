// How long a call took in each stage, as the header Server-Timing tells it.

/** What an owner behind NATS measured, in ms. */
export interface StageTimes {
  /** From being submitted to being taken from the inbox. */
  readonly queueMs: number
  /** From there to the end of the turn that decided it. */
  readonly actorMs: number
  /** From there to the answer: until the disk had it. */
  readonly journalMs: number
}

/**
 * The stages of one call, or of several that are answered together: of each stage's moments the last counts. The end
 * of a turn is where its microtasks run, so nobody has to tell.
 */
export class CallTiming {
  /** Set when the partition is behind NATS and its owner has answered. */
  owner: StageTimes | undefined
  /** Whether the call has left for another process: the rest of its time is then not this one's. */
  isSent = false
  readonly #submittedAt: number = performance.now()
  #takenAt: number | undefined
  #decidedAt: number | undefined
  #answeredAt: number | undefined
  #isTurnOpen = false

  /** It is taken from the inbox at `now`, monotonic ms. */
  take(now: number): void {
    this.#takenAt = now
    if (this.#isTurnOpen) return
    this.#isTurnOpen = true
    queueMicrotask(() => {
      this.#isTurnOpen = false
      this.#decidedAt = performance.now()
    })
  }

  /** It is answered. */
  finish(): void {
    this.#answeredAt = performance.now()
  }

  /** The stages up to the answer, or until now. What was never reached took no time. */
  stages(): StageTimes {
    const endedAt = this.#answeredAt ?? performance.now()
    const takenAt = this.#takenAt ?? endedAt
    // What is answered within its turn has waited for no disk.
    const isTurnOver = this.#decidedAt !== undefined && this.#decidedAt >= takenAt
    const decidedAt = Math.min(isTurnOver ? (this.#decidedAt ?? endedAt) : endedAt, endedAt)
    return {
      queueMs: takenAt - this.#submittedAt,
      actorMs: decidedAt - takenAt,
      journalMs: endedAt - decidedAt,
    }
  }

  /** The value of Server-Timing. */
  header(): string {
    const own = this.stages()
    if (!this.isSent) return stageMetrics(own)
    const totalMs = own.queueMs + own.actorMs + own.journalMs
    const { owner } = this
    if (owner === undefined) return metric('nats', totalMs)
    const rest = totalMs - owner.queueMs - owner.actorMs - owner.journalMs
    // The owner's answer to an earlier attempt may tell of a time before this call was repeated.
    return `${stageMetrics(owner)}, ${metric('nats', Math.max(0, rest))}`
  }
}

function stageMetrics({ queueMs, actorMs, journalMs }: StageTimes): string {
  return `${metric('queue', queueMs)}, ${metric('actor', actorMs)}, ${metric('journal', journalMs)}`
}

function metric(name: string, ms: number): string {
  return `${name};dur=${ms.toFixed(3)}`
}
