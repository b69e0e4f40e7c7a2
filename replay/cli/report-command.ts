// `replay report`: the report of a sale, in words, as JSON, or as one page that needs nothing but a browser.
import { Command } from 'commander'
import { partitionsAt } from '../partition-place.ts'
import { lastSeqAt } from '../plan.ts'
import { saleReport } from '../report/read-sale.ts'
import { salePage } from '../report/sale-page.ts'
import type { SaleReport } from '../report/sale-report.ts'
import { printReport } from '../report/terminal-words.ts'
import { pageObstacle, writePage } from '../report/write-page.ts'
import { EXIT, type OutputFlags, printJson, SeqProgress } from './output.ts'

interface ReportFlags extends OutputFlags {
  readonly html?: string
}

/** `replay report`. */
export function reportCommand(): Command {
  return new Command('report')
    .description('the report of a sale: what was sold, when and to whom, and the proof')
    .argument('[directory]', 'data directory, or one partition in it', './data')
    .option('--html <file>', 'write it as one page that needs no network, and print its path')
    .option('--json', 'one JSON object')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nSeveral partitions are one sale. Exit codes: 0 reported, 1 a fault.\n\nExamples:\n' +
        '  holdfast replay report\n  holdfast replay report ./data --html report.html\n' +
        '  holdfast replay report ./data --json | jq .units',
    )
    .action(runReport)
}

async function runReport(directory: string, flags: ReportFlags): Promise<void> {
  const obstacle = flags.html === undefined ? undefined : pageObstacle(flags.html)
  if (obstacle !== undefined) {
    process.stderr.write(`replay report: ${obstacle}\n`)
    process.exitCode = EXIT.fault
    return
  }
  const report = await read(directory, flags)
  if (flags.html !== undefined) writePage(flags.html, salePage(report))
  if (flags.json === true) return printJson(report)
  if (flags.html === undefined) return printReport(report)
  process.stdout.write(`${flags.html}\n`)
}

async function read(directory: string, flags: ReportFlags): Promise<SaleReport> {
  const places = partitionsAt(directory)
  let total = 0
  for (const paths of places) total += await lastSeqAt(paths)
  const progress = new SeqProgress(total, flags)
  const report = await saleReport(places, { onProgress: (events) => progress.show(events) })
  progress.clear()
  return report
}
