// `replay reshard`: new journals for another number of partitions.
import { Command } from 'commander'
import { reshard } from '../keep/reshard.ts'
import { partitionsAt } from '../partition-place.ts'
import { partitionCountArgument, segmentBytesOption } from './arguments.ts'
import { count, type OutputFlags, printJson, printPairs } from './output.ts'

interface ReshardFlags extends OutputFlags {
  readonly to: number
  readonly out: string
  readonly segmentBytes: number
}

/** `replay reshard`. */
export function reshardCommand(): Command {
  return new Command('reshard')
    .description('new journals for another number of partitions, from one or many')
    .argument('<directories...>', 'data directories that together hold every partition, stopped')
    .requiredOption('--to <count>', 'partitions of the new journals', partitionCountArgument)
    .requiredOption('--out <directory>', 'data directory to write, which does not exist yet')
    .addOption(segmentBytesOption())
    .option('--json', 'one JSON object')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nEach SKU moves whole: stock, reservations, buyers, keys. The new journals begin with that state; what led to it\n' +
        'stays in the old ones, which are not touched. The hash of every SKU is compared before anything counts.\n\n' +
        'Examples:\n  holdfast replay reshard ./data --to 4 --out ./data-4\n' +
        '  holdfast replay reshard ./node-a ./node-b --to 1 --out ./data-1',
    )
    .action(async (directories: string[], flags: ReshardFlags) => {
      const sources = directories.flatMap((directory) => partitionsAt(directory))
      const { reports, hashes } = await reshard(sources, flags.to, flags.out, flags.segmentBytes)
      if (flags.json === true) {
        return printJson({ partitions: reports, skuHashes: Object.fromEntries(hashes) })
      }
      return printPairs([
        ...reports.map(
          ({ partition, path, stateHash }) =>
            [`partition ${partition ?? ''}`, `state ${stateHash}  ${path}`] as const,
        ),
        ['skus', `${count(hashes.size)}, each with the state that it had, by hash`],
      ])
    })
}
