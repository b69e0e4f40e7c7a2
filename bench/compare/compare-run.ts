// `npm run bench -- compare`: flags to options, the table or JSON, and the exit code.
import { printJson, style } from '../../replay/cli/output.ts'
import { benchOptions, type Effort } from '../bench-run.ts'
import type { CompareFlags } from '../command.ts'
import { say } from '../say.ts'
import { ownTemporaryFolder } from '../temporary-folder.ts'
import { compareRevisions } from './compare-revisions.ts'
import { fellBelow } from './comparison.ts'
import { comparisonText } from './comparison-text.ts'

const EXIT_FAULT = 1
/** More rounds than a bench takes: here the spread is the question. */
const EFFORT: Effort = { full: { rounds: 7, seconds: 8 }, quick: { rounds: 5, seconds: 1 } }

/** Compares `revision` with this checkout, and tells what moved. */
export async function runCompare(
  revision: string,
  names: readonly string[],
  flags: CompareFlags,
): Promise<void> {
  ownTemporaryFolder()
  const comparison = await compareRevisions(revision, names, benchOptions(flags, EFFORT))
  if (flags.json === true) printJson(comparison)
  else process.stdout.write(comparisonText(comparison, style))
  const fallen = fellBelow(comparison.figures, flags.failBelow ?? 0)
  for (const { scenario, what } of fallen) say(`${scenario}: ${what} fell below ${flags.failBelow}`)
  if (fallen.length + comparison.failures.length > 0) process.exitCode = EXIT_FAULT
}
