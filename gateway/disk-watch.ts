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
    this.#timer = setInterval(() => this.#look(), WATCH_MS)
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

  #look(): void {
    const free = freeBytesOf(this.#path)
    if (free === undefined) return
    this.#freeBytes = free
    const isLow = free < this.#lowBytes
    if (isLow === this.#isLow) return
    this.#isLow = isLow
    this.#onChange(isLow, free)
  }
}

// A directory that cannot be looked at has the room that it had; whether it is still there others watch.
function freeBytesOf(path: string): number | undefined {
  try {
    return freeDiskBytes(path)
  } catch {
    return undefined
  }
}
