// How long the head of a queue has waited: by a mark per turn instead of a time per item. Time comes in as an argument.

interface Mark {
  /** Items that had been put into the queue by then. */
  readonly count: number
  readonly ms: number
}

/** Watches one first-in-first-out queue. As many marks are kept as turns have passed since the head came. */
export class QueueDelay {
  readonly #marks: Mark[] = []

  /** True while something waits that has been left over by a turn. */
  get isBehind(): boolean {
    return this.#marks.length > 0
  }

  /** At the end of a turn: of `count` items put in since the beginning, `waiting` are still in. */
  note(count: number, waiting: number, nowMs: number): void {
    const taken = count - waiting
    const gone = this.#marks.findIndex((mark) => mark.count > taken)
    this.#marks.splice(0, gone < 0 ? this.#marks.length : gone)
    if (waiting > 0 && this.#marks.at(-1)?.count !== count) this.#marks.push({ count, ms: nowMs })
  }

  /** The least that the head has waited by now, in ms; 0 when nothing was left over. */
  delayMs(nowMs: number): number {
    const [first] = this.#marks
    return first === undefined ? 0 : nowMs - first.ms
  }
}
