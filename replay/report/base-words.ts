// What a report says of journals that do not begin with their first event.
import { count } from '../cli/output.ts'
import { countOf } from './number-words.ts'
import type { PartitionRead, SaleReport } from './sale-report.ts'

/** Where the journals begin, and what had been sold by then; undefined when every event is there. */
export function baseWords({ partitions, before }: SaleReport): string | undefined {
  const based = partitions.filter(({ baseSeq }) => baseSeq > 0)
  if (based.length === 0) return undefined
  const where =
    partitions.length === 1
      ? `The journal begins after seq ${based.map(seqWords).join()}`
      : `Journals begin after ${based.map(partitionWords).join(', ')}`
  const sold = `${countOf(before.sold, 'unit')} had been sold by then`
  return `${where}: what happened before is not in it; ${sold}`
}

/** What the base leaves open. */
export const BASE_LEAVES_OPEN =
  'Those units count as sold; their buyers, times and value are not known here, and the times of SKUs that had ' +
  'sold or held units are counted from there'

function seqWords({ baseSeq }: PartitionRead): string {
  return count(baseSeq)
}

function partitionWords(read: PartitionRead): string {
  return `seq ${seqWords(read)} (partition ${read.partition ?? 'empty'})`
}
