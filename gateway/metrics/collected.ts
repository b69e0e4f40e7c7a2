// Metrics whose values are counted elsewhere, in plain numbers: prom-client asks for them when somebody scrapes.
import { Counter, Gauge, type Metric, type Registry } from 'prom-client'

type Labels = Readonly<Record<string, string | number>>

/** One value of a metric. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** One histogram of a metric. */
export interface HistogramSample {
  readonly labels: Labels
  /** How many values did not exceed each bound, ascending. */
  readonly cumulative: readonly number[]
  readonly sum: number
  readonly count: number
}

/** What a metric is called, and whose values it tells. */
export interface CollectedOptions<Value> {
  readonly registry: Registry
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  /** Asked once per scrape. */
  readonly read: () => Iterable<Value>
}

/** Values that go up and down. */
export function collectGauge(options: CollectedOptions<Sample>): void {
  const { registry, name, help, labelNames, read } = options
  new Gauge({
    ...{ name, help, labelNames: [...labelNames], registers: [registry] },
    collect() {
      this.reset()
      for (const { labels, value } of read()) this.set({ ...labels }, value)
    },
  })
}

/** Values that only grow; the name ends in `_total`. */
export function collectCounter(options: CollectedOptions<Sample>): void {
  const { registry, name, help, labelNames, read } = options
  new Counter({
    ...{ name, help, labelNames: [...labelNames], registers: [registry] },
    collect() {
      this.reset()
      for (const { labels, value } of read()) this.inc({ ...labels }, value)
    },
  })
}

/** Values by size; `bounds` are the upper ones of all buckets but the last. */
export function collectHistogram(
  options: CollectedOptions<HistogramSample> & { readonly bounds: readonly number[] },
): void {
  const { registry, name, help, read, bounds } = options
  const get = async () => ({
    ...{ name, help, type: 'histogram', aggregator: 'sum' },
    values: [...read()].flatMap((sample) => histogramLines(name, bounds, sample)),
  })
  // prom-client's own Histogram takes values one by one and has no way to take counts; to a registry a metric is
  // whatever has these members.
  registry.registerMetric({ name, help, type: 'histogram', get } as unknown as Metric<string>)
}

function histogramLines(name: string, bounds: readonly number[], sample: HistogramSample) {
  const { labels, cumulative, sum, count } = sample
  const bucket = (le: string | number, value: number) => ({
    ...{ metricName: `${name}_bucket`, labels: { ...labels, le }, value },
  })
  return [
    ...bounds.map((bound, index) => bucket(bound, cumulative[index] ?? 0)),
    bucket('+Inf', count),
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}
