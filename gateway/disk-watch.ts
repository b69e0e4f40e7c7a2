// Looks at the free disk now and then, so that intake stops before the journal hits the wall.
import { freeDiskBytes } from '../journal/free-disk.ts'

const WATCH_MS = 1_000

/** Whether the disk of a directory is below a mark; looked at every second, not per request. */
export class DiskWatch {
  readonly #path: string
  readonly #lowBytes: number
  readonly #onChange: (isLow: boolean, freeBytes: number) => void
  readonly #timer: NodeJS.Timeout
  #isLow = false
  #freeBytes = 0

  constructor(
    path: string,
    lowBytes: number,
    onChange: (isLow: boolean, freeBytes: number) => void,
  ) {
    this.#path = path
    this.#lowBytes = lowBytes
    this.#onChange = onChange
    this.#look()
    this.#timer = setInterval(() => this.#lookAgain(), WATCH_MS)
    this.#timer.unref()
  }

  get isLow(): boolean {
    return this.#isLow
  }

  /** Free disk when it was last looked at. */
  get freeBytes(): number {
    return this.#freeBytes
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  // A directory that cannot be looked at has the room that it had; whether it is still there others watch.
  #lookAgain(): void {
    try {
      this.#look()
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).syscall !== 'statfs') throw cause
    }
  }

  #look(): void {
    const free = freeDiskBytes(this.#path)
    this.#freeBytes = free
    const isLow = free < this.#lowBytes
    if (isLow === this.#isLow) return
    this.#isLow = isLow
    this.#onChange(isLow, free)
  }
}
