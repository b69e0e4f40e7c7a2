// The process of subscribers as the stream bench drives it.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { endChild } from './constant-process.ts'

const READERS = fileURLToPath(new URL('./stream-readers.js', import.meta.url))

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

export class StreamCrowd {
  readonly #child: ChildProcess = fork(READERS)

  async order(order: ReaderOrder): Promise<ReaderReport> {
    const answer = once(this.#child, 'message')
    this.#child.send(order)
    const [report] = (await answer) as [ReaderReport]
    return report
  }

  end(): Promise<void> {
    return endChild(this.#child)
  }
}
