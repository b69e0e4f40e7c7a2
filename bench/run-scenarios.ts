// Runs scenarios one after the other. One that fails does not take the others' figures with it.
import { spanWords } from '../replay/report/number-words.ts'
import type { BenchOptions } from './options.ts'

export interface Runnable<Report> {
  readonly name: string
  run(options: BenchOptions): Promise<Report>
}

export interface Listener<Report> {
  /** A line about how far it is. */
  onProgress(text: string): void
  onReport(report: Report): void
  /** What a scenario threw; its stack is for whoever mends it. */
  onFailure(name: string, fault: unknown): void
}

export interface Failure {
  readonly name: string
  /** The first line of what was thrown. */
  readonly reason: string
}

/** All of `scenarios`, in their order. */
export async function runScenarios<Report>(
  scenarios: readonly Runnable<Report>[],
  options: BenchOptions,
  listener: Listener<Report>,
): Promise<{ reports: Report[]; failures: Failure[] }> {
  const reports: Report[] = []
  const failures: Failure[] = []
  const startedAt = performance.now()
  for (const [index, scenario] of scenarios.entries()) {
    const { name } = scenario
    const at = `[${index + 1}/${scenarios.length}] ${name}`
    listener.onProgress(`${at} … (${spanWords(performance.now() - startedAt)} so far)`)
    try {
      const report = await scenario.run(options)
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
