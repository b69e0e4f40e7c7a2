// A local cluster as a contestant: cores, one gateway, a real nats-server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalCluster } from '../gateway/cluster/local-cluster.ts'
import { natsServerPath } from '../gateway/cluster/nats-server.ts'
import type { Contestant, Entry } from './contestant.ts'

/** A cluster that sells, and how to be rid of it. */
export interface RunningCluster {
  readonly cluster: LocalCluster
  /** Of its gateway. */
  readonly url: string
  stop(): Promise<void>
}

export interface ClusterOptions {
  /** One by itself. */
  readonly partitions?: number
  readonly gatewayFlags?: readonly string[]
}

/** Starts a core for each partition and one gateway, with all files in a temporary folder. */
export async function startCluster(options: ClusterOptions = {}): Promise<RunningCluster> {
  const { partitions = 1, gatewayFlags = [] } = options
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const onNote = (note: string) => process.stderr.write(`${note}\n`)
  const counts = { partitions, gateways: 1, port: 0 }
  const cluster = new LocalCluster({ directory, ...counts, gatewayFlags, onNote })
  const stop = async () => {
    await cluster.stop()
    rmSync(directory, { recursive: true })
  }
  try {
    await cluster.start()
  } catch (fault) {
    await stop()
    throw fault
  }
  return { cluster, url: String(cluster.gateways[0]?.url), stop }
}

/** A contestant that needs a nats-server; where there is none, it says what to install. */
export function overNats(contestant: Contestant): Entry {
  try {
    natsServerPath()
    return { contestant }
  } catch (fault) {
    return {
      name: contestant.name,
      skipped: fault instanceof Error ? fault.message : String(fault),
    }
  }
}
