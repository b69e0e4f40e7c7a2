// How long requests took: an HdrHistogram in µs, as text between processes, as percentiles and as a curve.
import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from 'hdr-histogram-js'

/** Three significant digits: a value is within 0.1 % of the truth. */
const DIGITS = 3
const MICROSECONDS_MAX = 60_000_000
/** Points of a curve per factor of ten of 1 / (1 − p). */
const POINTS_PER_DECADE = 10

export class Latencies {
  readonly #histogram: Histogram

  constructor(histogram: Histogram = emptyHistogram()) {
    this.#histogram = histogram
  }

  /** What `text` gave of other latencies, here or in another process. */
  static fromText(text: string): Latencies {
    return new Latencies(decodeFromCompressedBase64(text))
  }

  get count(): number {
    return this.#histogram.totalCount
  }

  add(tookMs: number): void {
    const microseconds = Math.round(tookMs * 1_000)
    this.#histogram.recordValue(Math.min(MICROSECONDS_MAX, Math.max(0, microseconds)))
  }

  /** Takes all of `others` in. */
  merge(others: Latencies): void {
    this.#histogram.add(others.#histogram)
  }

  /** The time in ms that `share` of all did not exceed; 1 is the longest. */
  quantileMs(share: number): number {
    return this.#histogram.getValueAtPercentile(share * 100) / 1_000
  }

  text(): string {
    return encodeIntoCompressedBase64(this.#histogram)
  }

  /**
   * x is 1 / (1 − p), y the latency in ms that the share p did not exceed; up to where a single request stands for the
   * rest.
   */
  curve(): (readonly [x: number, y: number])[] {
    const points: (readonly [number, number])[] = []
    const last = Math.floor(Math.log10(Math.max(1, this.count)) * POINTS_PER_DECADE)
    for (let step = 0; step <= last; step++) {
      const x = 10 ** (step / POINTS_PER_DECADE)
      points.push([x, this.quantileMs(1 - 1 / x)])
    }
    return points
  }
}

function emptyHistogram(): Histogram {
  return build({
    bitBucketSize: 32,
    highestTrackableValue: MICROSECONDS_MAX,
    numberOfSignificantValueDigits: DIGITS,
  })
}
