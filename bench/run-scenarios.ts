// Runs scenarios one after the other. One that fails does not take the others' figures with it.
import { spanWords } from '../replay/report/number-words.ts'
import type { BenchOptions } from './options.ts'
import type { Results } from './results.ts'
import type { ScenarioReport } from './scenario-report.ts'
import type { Scenario } from './scenarios.ts'

export interface Listener {
  /** A line about how far it is. */
  onProgress(text: string): void
  onReport(report: ScenarioReport): void
  /** What a scenario threw; its stack is for whoever mends it. */
  onFailure(name: string, fault: unknown): void
}

/** All of `scenarios`, in their order. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  options: BenchOptions,
  listener: Listener,
): Promise<Pick<Results, 'reports' | 'failures'>> {
  const reports: ScenarioReport[] = []
  const failures: { name: string; reason: string }[] = []
  const startedAt = performance.now()
  for (const [index, { name, run }] of scenarios.entries()) {
    const at = `[${index + 1}/${scenarios.length}] ${name}`
    listener.onProgress(`${at} … (${spanWords(performance.now() - startedAt)} so far)`)
    try {
      const report = await run(options)
      reports.push(report)
      listener.onReport(report)
    } catch (fault) {
      failures.push({ name, reason: firstLine(fault) })
      listener.onFailure(name, fault)
    }
  }
  listener.onProgress(`done in ${spanWords(performance.now() - startedAt)}`)
  return { reports, failures }
}

function firstLine(fault: unknown): string {
  const text = fault instanceof Error ? fault.message : String(fault)
  return text.split('\n')[0] ?? ''
}
