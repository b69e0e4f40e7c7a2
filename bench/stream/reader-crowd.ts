// The process of subscribers as the stream bench drives it.
import { Child } from '../child.ts'

const READERS = new URL('./readers.js', import.meta.url)

/** By SKU, how the JSON of its last event begins. */
export type Expected = Readonly<Record<string, string>>

/** What the process is told to do; each order is answered by a report. */
export type ReaderOrder =
  | { readonly kind: 'open'; readonly url: string; readonly count: number; readonly query: string }
  /** Keeps texts from now on. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'count' }
  | { readonly kind: 'check'; readonly expected: Expected }

export interface ReaderReport {
  readonly open: number
  /** All that has come so far. */
  readonly bytes: number
  /** Readers whose last events are as expected; 0 unless they were checked. */
  readonly matching: number
}

export class ReaderCrowd {
  readonly #child = new Child(READERS)

  order(order: ReaderOrder): Promise<ReaderReport> {
    return this.#child.ask<ReaderReport>(order)
  }

  end(): Promise<void> {
    return this.#child.end()
  }
}
