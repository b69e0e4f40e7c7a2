// The proof by destruction: sell real orders, `kill -9` the server at random moments, hold it to what it promised.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastProcess } from '../../cluster/holdfast-process.ts'
import { AcknowledgedLog } from '../acknowledged-log.ts'
import { driveUntil } from '../drive-until.ts'
import { countHashMismatches } from '../hash-mismatches.ts'
import { countLost, inspectConservation } from '../inspect-server.ts'
import { seededRandom } from '../random.ts'

/** A server lives this long after it recovered, at least and at most, in ms. */
const LIFE_MS_MIN = 20
const LIFE_MS_MAX = 900

export interface KillDrillOptions {
  /** Orders to sell, as for `holdfast drive`. */
  readonly file: string
  readonly limit: number | undefined
  readonly rounds: number
  readonly seed: number
  /** Directory for the server's data and the log of acknowledged answers. */
  readonly directory: string
  readonly onRound: (round: number, acknowledged: number) => void
}

/** What the drill found; all but the first three must be 0. */
export interface KillDrillReport {
  readonly seed: number
  readonly rounds: number
  readonly acknowledged: number
  readonly lost: number
  readonly oversold: number
  readonly stranded: number
  readonly doubled: number
  /** Differences between the drives' own ledgers and the server's counts. */
  readonly ledgerDifferences: number
  readonly hashMismatches: number
}

/**
 * Runs the drill. @throws DrillError or DriveError when it could not be carried out.
 */
export async function killDrill(options: KillDrillOptions): Promise<KillDrillReport> {
  const data = join(options.directory, 'data')
  // Snapshots every second and small segments, so that kills hit those too.
  const pace = ['--snapshot-interval-ms', '1000', '--segment-bytes', '4194304']
  const server = new HoldfastProcess({
    name: 'the server',
    words: () => ['serve', '--data', data, '--log-level', 'info', ...pace],
    readyWhen: 'recovered',
    port: 0,
  })
  const log = new AcknowledgedLog(join(options.directory, 'acknowledged.ndjson'))
  const end = new AbortController()
  try {
    await server.start()
    const killing = killRounds(server, log, options, end.signal)
    const ledgerDifferences = await driveUntil(killing, {
      ...options,
      baseUrl: () => server.url,
      log,
    })
    const { oversold, stranded } = await inspectConservation(server.url)
    const lost = await countLost(server.url, log.promised.values())
    const status = await server.stop()
    return {
      seed: options.seed,
      rounds: options.rounds,
      acknowledged: log.promised.size,
      lost,
      oversold,
      stranded,
      doubled: log.doubled,
      ledgerDifferences,
      hashMismatches: (status === 0 ? 0 : 1) + (await countHashMismatches(data, 1)),
    }
  } finally {
    end.abort()
    await server.kill()
    log.close()
  }
}

async function killRounds(
  server: HoldfastProcess,
  log: AcknowledgedLog,
  options: KillDrillOptions,
  signal: AbortSignal,
): Promise<void> {
  const random = seededRandom(options.seed)
  await log.begun
  for (let round = 1; round <= options.rounds; round++) {
    await delay(LIFE_MS_MIN + random() * (LIFE_MS_MAX - LIFE_MS_MIN), undefined, { signal })
    await server.kill()
    log.sync()
    signal.throwIfAborted()
    await server.start()
    options.onRound(round, log.promised.size)
  }
}
