// `replay plan | verify`: what a start would do, and whether the journal is whole.
import { Command } from 'commander'
import { partitionsAt } from '../partition-place.ts'
import { lastSeqAt, type Plan, plan } from '../plan.ts'
import { type VerifyReport, verify } from '../verify.ts'
import {
  count,
  counted,
  EXIT,
  instant,
  type OutputFlags,
  printJson,
  printPairs,
  SeqProgress,
  seqRange,
  style,
} from './output.ts'

/** `replay plan`. */
export function planCommand(): Command {
  return new Command('plan')
    .description('what a start would do: segments, snapshots, tail, time')
    .argument('[directory]', 'data directory, or one partition in it', './data')
    .option('--json', 'one JSON object per partition')
    .addHelpText(
      'after',
      '\nExit codes: 0 a start would do so, 3 it would refuse, 1 a fault.\n\nExample:\n  holdfast replay plan ./data',
    )
    .action(async (directory: string, flags: OutputFlags) => {
      for (const paths of partitionsAt(directory)) {
        const found = await plan(paths)
        if (flags.json === true) printJson(found)
        else printPlan(found)
        if (found.refusal !== undefined) process.exitCode = EXIT.discrepancy
      }
    })
}

/** `replay verify`. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('the whole truth: every block, event, invariant and snapshot')
    .argument('[directory]', 'data directory, or one partition in it', './data')
    .option('--json', 'one JSON object per partition')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExit codes: 0 whole, 3 a discrepancy, 1 a fault.\n\nExamples:\n  holdfast replay verify\n' +
        '  holdfast replay verify ./data --json | jq .stateHash',
    )
    .action(async (directory: string, flags: OutputFlags) => {
      for (const paths of partitionsAt(directory)) {
        const progress = new SeqProgress(await lastSeqAt(paths), flags)
        const report = await verify(paths, { onProgress: (seq) => progress.show(seq) })
        progress.clear()
        if (flags.json === true) printJson(report)
        else printReport(report)
        if (report.discrepancies.length > 0) process.exitCode = EXIT.discrepancy
      }
    })
}

function printPlan(found: Plan): void {
  printPairs([
    ['partition', `${found.partition ?? 'empty'}  ${found.path}`],
    ['cluster', found.clusterId ?? '–'],
    ['events', `${seqRange(found.firstSeq, found.lastSeq)}, epoch ${found.epoch}`],
    ['time', `${instant(found.firstAt)} to ${instant(found.lastAt)}`],
    ['journal', `${counted(found.segments.length, 'segment')}, ${count(found.bytes)} bytes`],
    ...found.segments.map(
      ({ file, firstSeq, bytes }) =>
        ['  segment', `from seq ${count(firstSeq)}, ${count(bytes)} bytes  ${file}`] as const,
    ),
    ...found.snapshots.map(
      ({ file, seq, bytes, fault }) =>
        ['snapshot', fault ?? `of seq ${count(seq)}, ${count(bytes)} bytes  ${file}`] as const,
    ),
    ['tail', found.tailFault ?? 'reads well'],
    ...(found.refusal === undefined ? [['a start takes', startWords(found)] as const] : []),
  ])
  if (found.refusal === undefined) return
  const { code, message } = found.refusal
  process.stdout.write(`${style('red', 'a start would refuse')}: ${message} [${code}]\n`)
}

function startWords({ startSeq, tailEvents, estimatedMs }: Plan): string {
  const start = startSeq === 0 ? 'the whole journal' : `the snapshot of seq ${count(startSeq)}`
  const seconds = (estimatedMs / 1_000).toFixed(1)
  return `${start}, then ${counted(tailEvents, 'event')}: about ${seconds} s`
}

function printReport(report: VerifyReport): void {
  printPairs([
    ['partition', `${report.partition ?? 'empty'}  ${report.path}`],
    ['cluster', report.clusterId ?? '–'],
    ['checked', checkedWords(report)],
    ['time', `${instant(report.firstAt)} to ${instant(report.lastAt)}`],
    ...Object.entries(report.events).map(([kind, events]) => [`  ${kind}`, count(events)] as const),
    ['last seq', `${count(report.lastSeq)}, epoch ${report.epoch}`],
    ['state hash', report.stateHash],
    ['chain hash', report.chainHash],
    ['verdict', verdictWords(report)],
  ])
  for (const { where, seq, sku, broken, what } of report.discrepancies) {
    const place = [seq === undefined ? '' : `seq ${seq}`, sku ?? ''].filter(Boolean).join(', ')
    process.stdout.write(`${style('red', broken)} ${place} ${where}\n  ${what}\n`)
  }
}

function checkedWords(report: VerifyReport): string {
  const { segments, blocks, bytes, snapshotsChecked } = report
  return (
    `${counted(blocks, 'block')} in ${counted(segments, 'segment')} (${count(bytes)} bytes): checksums, chain, seq, epochs; ` +
    `invariants after every event; ${counted(snapshotsChecked, 'snapshot')} by hash`
  )
}

function verdictWords(report: VerifyReport): string {
  const found = report.discrepancies.length
  if (found === 0) return style('green', 'whole')
  return style('red', found === 1 ? '1 discrepancy' : `${count(found)} discrepancies`)
}
