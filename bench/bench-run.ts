// `npm run bench`: flags to options, scenarios in order, reports as they come, and the files in the end.
import { loadavg } from 'node:os'
import { printJson, style } from '../replay/cli/output.ts'
import { revision } from './checkout.ts'
import type { BenchFlags, CommonFlags } from './command.ts'
import { fileSystem, machineLine } from './machine.ts'
import type { BenchOptions } from './options.ts'
import type { Results } from './results.ts'
import { type Listener, runScenarios } from './run-scenarios.ts'
import { say, sayFailure } from './say.ts'
import type { ScenarioReport } from './scenario-report.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'
import { ownTemporaryFolder } from './temporary-folder.ts'
import { terminalReport } from './terminal-report.ts'
import { folderFor, writeResults } from './write-results.ts'

const EXIT_FAULT = 1

/** Rounds and seconds where nothing else is asked for. */
export interface Effort {
  readonly full: Pick<BenchOptions, 'rounds' | 'seconds'>
  readonly quick: Pick<BenchOptions, 'rounds' | 'seconds'>
}

const EFFORT: Effort = { full: { rounds: 5, seconds: 8 }, quick: { rounds: 2, seconds: 1 } }

/** Runs the scenarios that are named, or all, and tells and writes what they came to. */
export async function runBench(names: readonly string[], flags: BenchFlags): Promise<void> {
  const scenarios = SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name))
  if (flags.list === true) return list(scenarios, flags)
  const options = { ...benchOptions(flags), oursOnly: flags.ours === true }
  const isFull = names.length === 0 && isUnabridged(options, flags)
  const folder = folderFor(flags.out, isFull)
  ownTemporaryFolder()
  if (fileSystem() === 'tmpfs') say('the temporary folder is memory: nothing here is durable')
  const results = await measure(scenarios, options, flags)
  if (flags.json === true) printJson(results)
  if (folder !== undefined) for (const file of writeResults(folder, results)) say(`wrote ${file}`)
  if (results.failures.length > 0) process.exitCode = EXIT_FAULT
}

/** What `flags` ask of every scenario; `effort` is the standard. */
export function benchOptions(flags: CommonFlags, effort: Effort = EFFORT): BenchOptions {
  const isQuick = flags.quick === true
  const standard = isQuick ? effort.quick : effort.full
  return {
    rounds: flags.rounds ?? standard.rounds,
    seconds: flags.seconds ?? standard.seconds,
    isQuick,
  }
}

/** Whether a run measures as much as the published figures promise. */
function isUnabridged({ rounds, seconds }: BenchOptions, { quick, ours }: BenchFlags): boolean {
  return (
    quick !== true &&
    ours !== true &&
    rounds >= EFFORT.full.rounds &&
    seconds >= EFFORT.full.seconds
  )
}

async function measure(
  scenarios: readonly Scenario[],
  options: BenchOptions,
  flags: BenchFlags,
): Promise<Results> {
  const { rounds, seconds, isQuick } = options
  const head = { machine: machineLine(), revision: revision() }
  const [loadBefore = 0] = loadavg()
  const measuredAt = new Date().toISOString()
  say(`${head.machine}; ${head.revision}; load average ${loadBefore.toFixed(1)}`)
  const outcome = await runScenarios(scenarios, options, listener(flags))
  return { ...head, measuredAt, loadBefore, rounds, seconds, isQuick, ...outcome }
}

function listener({ json }: BenchFlags): Listener<ScenarioReport> {
  return {
    onProgress: say,
    onReport: (report) => {
      if (json !== true) process.stdout.write(`${terminalReport(report, style)}\n`)
    },
    onFailure: sayFailure,
  }
}

function list(scenarios: readonly Scenario[], { json }: BenchFlags): void {
  const named = scenarios.map(({ name, summary }) => ({ name, summary }))
  if (json === true) printJson({ scenarios: named })
  else for (const { name, summary } of named) process.stdout.write(`${name}: ${summary}\n`)
}
