// `replay snapshot | diff`: keep a journal quick to start from, and compare it with another.
import { Command } from 'commander'
import { diffJournals } from '../diff-journals.ts'
import { partitionAt, partitionsAt } from '../partition-place.ts'
import { takeSnapshot } from '../take-snapshot.ts'
import { EXIT, type OutputFlags, printJson, printPairs } from './output.ts'

/** `replay snapshot`. */
export function snapshotCommand(): Command {
  return new Command('snapshot')
    .description('write a snapshot now; a running server is not disturbed')
    .argument('[directory]', 'data directory, or one partition in it', './data')
    .option('--json', 'one JSON object per partition')
    .addHelpText('after', '\nExample:\n  holdfast replay snapshot ./data')
    .action(async (directory: string, flags: OutputFlags) => {
      for (const { journal, snapshots } of partitionsAt(directory)) {
        const onSkippedSnapshot = (place: { path: string }) => {
          process.stderr.write(`replay snapshot: ${place.path} is damaged and was passed over\n`)
        }
        const expected = undefined
        const taken = await takeSnapshot({ journal, snapshots, expected, onSkippedSnapshot })
        if (flags.json === true) printJson(taken)
        else printPairs(Object.entries(taken).map(([name, value]) => [name, String(value)]))
      }
    })
}

/** `replay diff`. */
export function diffCommand(): Command {
  return new Command('diff')
    .description('the first event at which two journals part')
    .argument('<left>', 'data directory, or one partition in it')
    .argument('<right>', 'the other one')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      '\nExit codes: 0 the same events, 3 a difference, 1 a fault.\n\nExample:\n  holdfast replay diff ./data ./restored',
    )
    .action(async (left: string, right: string, flags: OutputFlags) => {
      const difference = await diffJournals(partitionAt(left), partitionAt(right))
      if (difference !== undefined) process.exitCode = EXIT.discrepancy
      if (flags.json === true) return printJson({ same: difference === undefined, ...difference })
      if (difference === undefined) return printPairs([['same', 'all events are equal']])
      return printPairs([
        ['first difference', `seq ${difference.seq}, field ${difference.field}`],
        [left, JSON.stringify(difference.left) ?? 'ended'],
        [right, JSON.stringify(difference.right) ?? 'ended'],
      ])
    })
}
