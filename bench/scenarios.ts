// All scenarios, in the order in which a full run takes them.
import { benchEngine } from './engine/engine.ts'
import { benchHttp } from './http.ts'
import type { BenchOptions } from './options.ts'
import type { ScenarioReport } from './scenario-report.ts'

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
]
