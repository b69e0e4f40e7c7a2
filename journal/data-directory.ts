// What lies where in a data directory: one folder per partition, with its journal, snapshots and owner.
import { join } from 'node:path'

/** The folders of one partition. */
export interface PartitionPaths {
  readonly root: string
  readonly journal: string
  readonly snapshots: string
}

/** Where partition `partition` of the data directory `data` keeps its files. */
export function partitionPaths(data: string, partition: number): PartitionPaths {
  const root = join(data, `partition-${partition}`)
  return { root, journal: join(root, 'journal'), snapshots: join(root, 'snapshots') }
}
