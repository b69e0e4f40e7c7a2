// One line of progress, rewritten in place. The caller decides whether anybody is watching.
import type { DrivePhase, DriveProgress } from './drive-options.ts'
import { group } from './render-report.ts'

export interface ProgressLineOptions {
  readonly write: (text: string) => void
  /** Milliseconds of any steady clock. */
  readonly nowMs: () => number
  /** Of the terminal, at this moment: a line that wraps cannot be rewritten. */
  readonly columns: () => number
}

const WORDS: Readonly<Record<DrivePhase, string>> = {
  survey: 'reading',
  open: 'opening SKUs',
  sell: 'selling',
  verify: 'verifying SKUs',
}

const REWRITE_MS = 200

/** Rewrites the line at most five times a second. */
export class ProgressLine {
  readonly #options: ProgressLineOptions
  #phase: DrivePhase | undefined
  #phaseBeganAtMs = 0
  #writtenAtMs = Number.NEGATIVE_INFINITY
  #writtenLength = 0

  constructor(options: ProgressLineOptions) {
    this.#options = options
  }

  onProgress(progress: DriveProgress): void {
    const nowMs = this.#options.nowMs()
    if (progress.phase !== this.#phase) {
      this.#phase = progress.phase
      this.#phaseBeganAtMs = nowMs
    }
    if (nowMs - this.#writtenAtMs < REWRITE_MS) return
    this.#writtenAtMs = nowMs
    const text = describeProgress(progress, nowMs - this.#phaseBeganAtMs)
    this.#rewrite(text.slice(0, Math.max(1, this.#options.columns() - 1)))
  }

  /** Takes the line away, so that other output starts on an empty one. */
  clear(): void {
    if (this.#writtenLength > 0) this.#rewrite('')
    this.#writtenLength = 0
  }

  #rewrite(text: string): void {
    const blanks = ' '.repeat(Math.max(0, this.#writtenLength - text.length))
    this.#options.write(`\r${text}${blanks}${text === '' ? '\r' : ''}`)
    this.#writtenLength = text.length
  }
}

/** The line itself: how far, how fast, how long still, how much is sold out. */
export function describeProgress(progress: DriveProgress, elapsedMs: number): string {
  const { phase, done, total, soldOutSkus } = progress
  const perSecond = elapsedMs > 0 ? (done * 1000) / elapsedMs : 0
  const parts = [`${WORDS[phase]} ${group(done)}${total === undefined ? '' : `/${group(total)}`}`]
  if (perSecond > 0) parts.push(`${group(Math.round(perSecond))}/s`)
  if (total !== undefined && perSecond > 0) {
    parts.push(`ETA ${group(Math.ceil((total - done) / perSecond))} s`)
  }
  if (phase === 'sell') parts.push(`sold out: ${group(soldOutSkus)} SKUs`)
  return parts.join('  ')
}
