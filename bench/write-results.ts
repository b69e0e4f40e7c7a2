// Where the results of a run go, and putting them there.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CHECKOUT } from './checkout.ts'
import { readExplanations } from './explanations.ts'
import type { Results } from './results.ts'
import { resultsPage } from './results-page.ts'
import { resultsText } from './results-text.ts'

/** The folder that a run writes to: what was asked for, or for a full run the one whose results are published. */
export function folderFor(out: string | undefined, isFull: boolean): string | undefined {
  if (out === undefined) return isFull ? join(CHECKOUT, 'bench') : undefined
  const folder = resolve(out)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** Writes all forms of the results and tells their paths. */
export function writeResults(folder: string, results: Results): string[] {
  const explanations = readExplanations()
  const forms = {
    'RESULTS.md': resultsText(results, explanations),
    'results.html': resultsPage(results, explanations),
    'results.json': `${JSON.stringify(results, undefined, 2)}\n`,
  }
  return Object.entries(forms).map(([name, text]) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  })
}
