// All metrics of one process in one registry: what /metrics answers.
import type { Registry } from 'prom-client'
import { collectCounter, collectGauge } from './collected.ts'
import { type OwnerMeasures, partitionMetrics } from './partition-metrics.ts'
import { processRegistry } from './process-metrics.ts'
import { requestMetrics } from './request-metrics.ts'
import type { MetricsSources, OwnerSource, ProcessLoad } from './sources.ts'

const NOTHING_SHED: ProcessLoad['shed'] = { reserve: 0, read: 0 }

/** The metrics of one process. Counting goes on without them: they read when somebody scrapes. */
export class Metrics {
  readonly #registry: Registry
  readonly #owner: OwnerSource | undefined
  #measures: OwnerMeasures | undefined

  constructor(sources: MetricsSources) {
    this.#registry = processRegistry(sources.role, sources.version)
    this.#owner = sources.owner
    if (sources.recorder !== undefined) {
      requestMetrics(this.#registry, sources.recorder, sources.load?.shed ?? NOTHING_SHED)
    }
    if (sources.owner !== undefined) {
      partitionMetrics(this.#registry, sources.owner.commits, () => this.#measures)
    }
    this.#natsMetric(sources)
    this.#streamMetrics(sources)
    this.#loadMetrics(sources)
  }

  /** What `scrape` gives, as a media type. */
  get contentType(): string {
    return this.#registry.contentType
  }

  /** Everything in the text format of Prometheus, as of now. */
  scrape(): Promise<string> {
    // Once for all metrics: they then agree with each other.
    this.#measures = this.#owner?.measure()
    return this.#registry.metrics()
  }

  #natsMetric({ isNatsUp }: MetricsSources): void {
    if (isNatsUp === undefined) return
    collectGauge({
      ...{ registry: this.#registry, name: 'holdfast_nats_up', labelNames: [] },
      help: '1 while the connection to NATS stands.',
      read: () => [{ labels: {}, value: isNatsUp() ? 1 : 0 }],
    })
  }

  #streamMetrics({ stream }: MetricsSources): void {
    if (stream === undefined) return
    collectGauge({
      ...{ registry: this.#registry, name: 'holdfast_stream_subscribers', labelNames: [] },
      help: 'Listeners to live stock.',
      read: () => [{ labels: {}, value: stream.subscribers }],
    })
    collectCounter({
      ...{ registry: this.#registry, name: 'holdfast_stream_dropped_total', labelNames: [] },
      help: 'Listeners to live stock that were dropped because they read too slowly.',
      read: () => [{ labels: {}, value: stream.dropped }],
    })
  }

  #loadMetrics({ load }: MetricsSources): void {
    if (load === undefined) return
    collectGauge({
      ...{ registry: this.#registry, name: 'holdfast_requests_in_flight', labelNames: [] },
      help: 'Requests that wait for their answers.',
      read: () => [{ labels: {}, value: load.inFlight }],
    })
    collectCounter({
      ...{ registry: this.#registry, name: 'holdfast_shed_requests_total', labelNames: ['lane'] },
      help: 'Requests that were turned away before any route saw them, by lane; also among operations.',
      read: () => Object.entries(load.shed).map(([lane, value]) => ({ labels: { lane }, value })),
    })
  }
}
