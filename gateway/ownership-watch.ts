// Looks every second whether the partition's directory is still ours.
import type { JournalError } from '../journal/errors.ts'
import type { HeldDirectory } from '../journal/held-directory.ts'

const WATCH_MS = 1_000

/** Tells, once, that this process lost its directory. */
export class OwnershipWatch {
  readonly #timer: NodeJS.Timeout

  constructor(held: HeldDirectory, onTaken: (fault: JournalError) => void) {
    this.#timer = setInterval(() => {
      try {
        held.requireHeld()
      } catch (fault) {
        this.stop()
        onTaken(fault as JournalError)
      }
    }, WATCH_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
