// `holdfast core`: owners of partitions behind NATS, each in a process of its own.
import type { Command } from 'commander'
import { ConfigError } from '../config.ts'
import { CoreServer, type OwnPartition } from '../core-server.ts'
import { coreSettings } from '../settings.ts'
import { CoreProcesses, statusPortOf } from './core-processes.ts'
import { processCommand } from './process-command.ts'

const PORT_MAX = 65_535

const AFTER_HELP = `
Examples:
  holdfast core --partition 0/2 --nats nats://10.0.0.5:4222 --data /var/lib/holdfast
  holdfast core --partition 0/2 --partition 1/2
  HOLDFAST_NATS_CREDS_FILE=/etc/holdfast/core.creds holdfast core --partition 1/2

NATS needs JetStream, which keeps the leases. Several partitions run as one process each: a partition has a thread of
its own. One that ends takes the others with it; whatever supervises the command starts it again.
Every flag has a variable, HOLDFAST_PARTITION for --partition; flags win.
Exit codes: 0 drained, 1 a fault (the partition is owned, its lease was lost, the journal failed), 70 a bug,
78 bad configuration.`

/** The command, for the CLI's main. */
export function coreCommand(): Command {
  return processCommand({
    name: 'core',
    description: 'Own a partition: NATS in front, the journal in --data.',
    schema: coreSettings,
    afterHelp: AFTER_HELP,
    create: (settings, logger, hooks) => {
      const owned = ownPartitions(settings.partition)
      requireStatusPorts(settings.statusPort, owned)
      const [first, ...others] = owned
      if (first !== undefined && others.length === 0) {
        return new CoreServer(settings, first, logger, hooks)
      }
      return new CoreProcesses(settings, owned, hooks)
    },
  })
}

/** @throws ConfigError when the status port of the last partition is none. */
export function requireStatusPorts(
  statusPort: number | undefined,
  owned: readonly OwnPartition[],
): void {
  if (owned.length === 1) return
  for (const { partition } of owned) {
    const port = statusPortOf(statusPort, partition) ?? 0
    if (port > PORT_MAX) {
      throw new ConfigError([`--status-port: partition ${partition} would take ${port}`])
    }
  }
}

/** `0/2,1/2` as partitions. @throws ConfigError when they contradict each other. */
export function ownPartitions(said: string): OwnPartition[] {
  const owned = said.split(',').map((one) => {
    const [partition = 0, partitionCount = 0] = one.split('/').map(Number)
    return { partition, partitionCount }
  })
  const beyond = owned.find(({ partition, partitionCount }) => partition >= partitionCount)
  if (beyond !== undefined) {
    const { partition, partitionCount } = beyond
    throw new ConfigError([
      `--partition: ${partition}/${partitionCount} is none; they are numbered from 0/${partitionCount} on`,
    ])
  }
  const counts = new Set(owned.map(({ partitionCount }) => partitionCount))
  if (counts.size > 1) throw new ConfigError([`--partition: ${said} names more than one count`])
  if (new Set(owned.map(({ partition }) => partition)).size < owned.length) {
    throw new ConfigError([`--partition: ${said} names one twice`])
  }
  return owned
}
