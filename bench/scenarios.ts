// All scenarios, in the order in which a full run takes them.
import { benchBatch } from './batch.ts'
import { benchEngine } from './engine/engine.ts'
import { benchGrowth } from './growth/growth.ts'
import { benchHttp } from './http.ts'
import { benchNats } from './nats.ts'
import { benchLatency } from './open-loop/latency.ts'
import { benchOverload } from './open-loop/overload.ts'
import type { BenchOptions } from './options.ts'
import { benchPartitions } from './partitions.ts'
import { benchRecovery } from './recovery/recovery.ts'
import type { ScenarioReport } from './scenario-report.ts'
import { benchSoldOut } from './sold-out.ts'
import { benchStream } from './stream/stream.ts'
import { benchYear } from './year.ts'

export interface Scenario {
  readonly name: string
  /** One line of the help. */
  readonly summary: string
  run(options: BenchOptions): Promise<ScenarioReport>
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'http',
    summary:
      'POST /v1/reservations, durable, against a constant Fastify route and peers behind Fastify',
    run: benchHttp,
  },
  {
    name: 'engine',
    summary: 'the partition with the real journal, no HTTP, against raw appends of the same events',
    run: benchEngine,
  },
  {
    name: 'batch',
    summary: 'POST /v1/batch, 100 reservations a request, durable, against a constant batch route',
    run: benchBatch,
  },
  {
    name: 'latency',
    summary: 'percentiles by open loop at 25 to 90 % of the capacity, against a constant route',
    run: benchLatency,
  },
  {
    name: 'sold-out',
    summary: 'refusals of the sold out, by the server and by the shield, against a constant route',
    run: benchSoldOut,
  },
  {
    name: 'nats',
    summary: 'frames against single requests over NATS, HTTP through NATS against HTTP embedded',
    run: benchNats,
  },
  {
    name: 'stream',
    summary: 'reservations/s with and without 2,000 subscribers of live stock',
    run: benchStream,
  },
  {
    name: 'overload',
    summary: 'open loop at three times the capacity: payments, goodput, and the time after',
    run: benchOverload,
  },
  {
    name: 'partitions',
    summary: 'frames to one and to two partitions on the same cores',
    run: benchPartitions,
  },
  {
    name: 'growth',
    summary: 'throughput, pauses, memory, snapshots and recovery from 10,000 to 10 million live',
    run: benchGrowth,
  },
  {
    name: 'recovery',
    summary: 'rebuild and verify against a raw read of the same journal; snapshots; memory',
    run: benchRecovery,
  },
  {
    name: 'year',
    summary: 'a real order book by `holdfast drive`, end to end, both ledgers compared',
    run: benchYear,
  },
]
