// What one endpoint of a NATS service has done so far, counted on the hot path and put into words only when asked.

const MAX_ERROR_CHARACTERS = 200

/** The counters as NATS' `stats_response` calls them: whole numbers, times in nanoseconds. */
export interface EndpointCounts {
  readonly num_requests: number
  readonly num_errors: number
  /** Empty while there was no error. */
  readonly last_error: string
  readonly processing_time: number
  readonly average_processing_time: number
}

/** Counters of one endpoint. They only grow, also over a stop and a new start of the discovery. */
export class EndpointStats {
  #requests = 0
  #errors = 0
  #processingNanoseconds = 0
  #lastError = ''

  /** Counts one finished request; `error` says why it failed, and its first 200 characters are kept. */
  count(elapsedNanoseconds: number, error?: string): void {
    this.#requests += 1
    // A clock that went wrong (negative, NaN) must not spoil the sum of all the others.
    if (elapsedNanoseconds > 0) this.#processingNanoseconds += elapsedNanoseconds
    if (error === undefined) return
    this.#errors += 1
    this.#lastError = error.slice(0, MAX_ERROR_CHARACTERS)
  }

  /** The counters now. Readers in Go take whole numbers only, so fractions are cut off. */
  read(): EndpointCounts {
    const average = this.#requests === 0 ? 0 : this.#processingNanoseconds / this.#requests
    return {
      num_requests: this.#requests,
      num_errors: this.#errors,
      last_error: this.#lastError,
      processing_time: Math.trunc(this.#processingNanoseconds),
      average_processing_time: Math.trunc(average),
    }
  }
}
