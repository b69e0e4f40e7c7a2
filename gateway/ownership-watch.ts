// Looks now and then whether the directory is still ours: what is written into one that is not, nobody will ever find.
import type { JournalError } from '../journal/errors.ts'
import { requireOwnership } from '../journal/owner.ts'

const WATCH_MS = 1_000

/** Tells, once, that this process lost the directory which it took as its owner of `generation`. */
export class OwnershipWatch {
  readonly #timer: NodeJS.Timeout

  constructor(directory: string, generation: number, onTaken: (fault: JournalError) => void) {
    this.#timer = setInterval(() => {
      try {
        requireOwnership(directory, generation)
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
