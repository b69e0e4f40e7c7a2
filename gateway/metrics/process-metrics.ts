// What every process tells of itself: which version it is, and how Node, its memory and its event loop do.
import { collectDefaultMetrics, Registry } from 'prom-client'
import { collectCounter, collectGauge } from './collected.ts'

/** Gauges that prom-client names like counters; it has them under better names, too. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/** A registry of its own for one process: `role` is the command that started it. */
export function processRegistry(role: 'serve' | 'core' | 'gateway', version: string): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of MISNAMED) registry.removeSingleMetric(name)
  collectGauge({
    ...{ registry, name: 'holdfast_build_info', labelNames: ['version', 'role'] },
    help: 'Always 1; says what runs here.',
    read: () => [{ labels: { version, role }, value: 1 }],
  })
  collectEventLoop(registry)
  return registry
}

// As counters: their rates are the utilisation over any time, for any number of scrapers.
function collectEventLoop(registry: Registry): void {
  const seconds = (ms: number) => [{ labels: {}, value: ms / 1_000 }]
  collectCounter({
    ...{ registry, name: 'holdfast_event_loop_active_seconds_total', labelNames: [] },
    help: 'Time that the event loop had something to do; its rate is the utilisation.',
    read: () => seconds(performance.eventLoopUtilization().active),
  })
  collectCounter({
    ...{ registry, name: 'holdfast_event_loop_idle_seconds_total', labelNames: [] },
    help: 'Time that the event loop waited for something to do.',
    read: () => seconds(performance.eventLoopUtilization().idle),
  })
}
