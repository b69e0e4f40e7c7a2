// `holdfast drill damage`: healthy data directories, damaged in every way that chance finds, and what a start makes of them.
import { randomInt } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { JournalError } from '../../journal/errors.ts'
import { printTable } from '../../replay/cli/output.ts'
import { damageDrill } from '../drill/damage/damage-drill.ts'
import type { CaseResult, DamageReport, Finding } from '../drill/damage/damage-report.ts'
import { DrillError } from '../drill/errors.ts'
import { numberOption } from './drive-arguments.ts'

const EXIT_FAULT = 1
const EXIT_DISCREPANCY = 3
const PROGRESS_MS = 200

const EXAMPLES = `
Examples:
  holdfast drill damage
  holdfast drill damage --cases 5000 --seed 7
  holdfast drill damage --seed 7 --case 4711
  holdfast drill damage --json --data /mnt/disk-to-prove/drill

Each case copies a healthy data directory, damages it in one way, and starts on it in a process of its own. It must
come to the same state, or to a refusal that names a file before anything new is taken; never to another state. died= counts the processes that
LMDB killed. Exit codes: 0 as it must be, 1 a fault, 2 usage, 3 a finding (its directory stays).`

interface DamageFlags {
  readonly cases: number
  readonly seed?: number
  readonly case?: number
  readonly data?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** The command, for `holdfast drill`. */
export function damageCommand(): Command {
  const whole = (min: number, max: number) => numberOption({ min, max, isWhole: true })
  return new Command('damage')
    .description('damage data directories: each must give the same state or be refused by name')
    .option('--cases <n>', 'damages', whole(1, 10_000_000), 1_000)
    .option('--seed <n>', 'of all that is random (default: random, printed)', whole(0, 2 ** 31))
    .option(
      '--case <k>',
      'repeat this one case of the seed, and say how it went',
      whole(1, 10_000_000),
    )
    .option('--data <directory>', 'where to run (default: a temporary directory)')
    .option('--json', 'print one JSON object')
    .option('--quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action(runDamage)
}

async function runDamage(flags: DamageFlags): Promise<void> {
  const seed = flags.seed ?? randomInt(2 ** 31)
  let directory = flags.data
  try {
    directory ??= mkdtempSync(join(tmpdir(), 'holdfast-drill-'))
    mkdirSync(directory, { recursive: true })
    if (flags.quiet !== true) process.stderr.write(`seed ${seed}, in ${directory}\n`)
    const { cases, case: onlyCase } = flags
    const onCase = progress(flags)
    const report = await damageDrill({ cases, onlyCase, seed, directory, onCase })
    conclude(report, directory, flags)
  } catch (error) {
    if (!isFault(error)) throw error
    const place = directory === undefined ? '' : `The data is in ${directory}.\n`
    process.stderr.write(`drill: ${error.message}\n${place}`)
    process.exitCode = EXIT_FAULT
  }
}

function isFault(error: unknown): error is Error {
  if (error instanceof DrillError || error instanceof JournalError) return true
  return error instanceof Error && 'syscall' in error
}

function progress(flags: DamageFlags): (result: CaseResult, report: DamageReport) => void {
  const isOn = process.stderr.isTTY === true && flags.quiet !== true
  let shownAt = 0
  return (result, { cases }) => {
    if (flags.case !== undefined && flags.quiet !== true) process.stderr.write(storyOf(result))
    const isDone = cases === flags.cases || flags.case !== undefined
    if (!isOn || (performance.now() - shownAt < PROGRESS_MS && !isDone)) return
    shownAt = performance.now()
    process.stderr.write(isDone ? '\r\x1b[K' : `\r\x1b[K${cases} of ${flags.cases} cases`)
  }
}

function storyOf({ number, shape, damage, seen, verdict }: CaseResult): string {
  const steps = seen.map(
    ({ step, kind, ...rest }) => `  ${step}: ${kind} ${Object.values(rest).join(' ')}`,
  )
  const what = `case ${number}: ${damage.kind} in ${shape}: ${damage.file}: ${damage.what}`
  return [what, ...steps, `  verdict: ${verdict.outcome}`, ''].join('\n')
}

function conclude(report: DamageReport, directory: string, flags: DamageFlags): void {
  if (flags.json === true) process.stdout.write(`${JSON.stringify(report)}\n`)
  else printInWords(report)
  const { different, late, unnamed, hung, diedAtStart } = report
  if (different + late + unnamed + hung + diedAtStart === 0) {
    if (flags.data === undefined) rmSync(directory, { recursive: true })
    return
  }
  for (const finding of report.findings) process.stderr.write(inWords(finding, report.seed))
  process.exitCode = EXIT_DISCREPANCY
}

function printInWords(report: DamageReport): void {
  const { cases, seed, same, refused, died, diedAtStart } = report
  process.stdout.write(
    `cases=${cases} seed=${seed} same=${same} refused=${refused} died=${died}\n` +
      `different=${report.different} refused-late=${report.late} unnamed=${report.unnamed} ` +
      `hung=${report.hung} died-at-start=${diedAtStart}\n\n`,
  )
  printTable(
    ['kind', 'cases', 'same', 'refused', 'died'],
    report.kinds.map((one) => [one.kind, one.cases, one.same, one.refused, one.died]),
  )
}

function inWords(finding: Finding, seed: number): string {
  const { number, outcome, kind, shape, file, what, step, reason, data } = finding
  return (
    `case ${number}: ${outcome} in step ${step}: ${reason}\n` +
    `  ${kind} in ${shape}: ${file}: ${what}\n` +
    `  repeat with --seed ${seed} --case ${number}; the directory is ${data}\n`
  )
}
