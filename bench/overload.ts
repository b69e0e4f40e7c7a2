// Three times the crowd that the server can serve: do those who pay notice, and is it over when it is over?
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { invariant } from '../core/invariant.ts'
import { HoldfastProcess } from '../gateway/cluster/holdfast-process.ts'
import type { CrowdOrder, CrowdReport } from './crowd.ts'
import { CONNECTIONS, checkHeld, openSkus } from './http-load.ts'
import { machineLine, median, spread } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { Payments } from './payments.ts'

const CROWD = fileURLToPath(new URL('./crowd.js', import.meta.url))
const WARM_UP_SECONDS = 3
/** Times the capacity that was found in the same round. */
const STORM = 3
const STORM_CONNECTIONS = 4_096
const PAYMENTS_PER_SECOND = 200
/** How long latency is watched when the storm is over. */
const AFTER_SECONDS = 4
/** Latency is back when it stays under so many times its unloaded p99. */
const BACK = 2

interface Round {
  readonly capacity: number
  readonly goodput: number
  readonly busy: number
  readonly unloadedP99: number
  readonly stormP50: number
  readonly stormP99: number
  readonly stormMax: number
  readonly payments: number
  readonly unpaid: number
  /** From the storm's end until latency was back for good, in ms. */
  readonly backMs: number
}

/** Finds the capacity, storms it, and prints what became of payments and of the rest. */
export async function runOverloadBench(options: BenchOptions): Promise<void> {
  process.stderr.write(`${machineLine()}; open loop at ${STORM} × capacity\n`)
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const words = () => ['serve', '--data', data]
  const server = new HoldfastProcess({ name: 'server', words, readyWhen: 'recovered', port: 0 })
  await server.start()
  const rounds: Round[] = []
  try {
    await openSkus(server.url)
    const payments = await Payments.open(server.url)
    await crowd(server.url, { connections: CONNECTIONS, seconds: WARM_UP_SECONDS })
    await payments.pay(PAYMENTS_PER_SECOND, WARM_UP_SECONDS)
    for (let round = 1; round <= options.rounds; round++) {
      rounds.push(await measure(server.url, payments, options))
      process.stderr.write(
        `round ${round} of ${options.rounds}: ${JSON.stringify(rounds.at(-1))}\n`,
      )
    }
  } finally {
    await server.stop()
    rmSync(data, { recursive: true })
  }
  report(rounds, options.json)
}

async function measure(url: string, payments: Payments, { seconds }: BenchOptions): Promise<Round> {
  const closed = await crowd(url, { connections: CONNECTIONS, seconds })
  invariant(closed.other === 0, 'what is not made is refused as busy')
  if (closed.busy > 0)
    process.stderr.write(`the machine is not idle: ${closed.busy} refused in the closed loop\n`)
  const capacity = closed.made / closed.seconds
  await delay(1_000)
  const unloaded = await payments.pay(PAYMENTS_PER_SECOND, seconds)
  const [storm, during] = await Promise.all([
    crowd(url, {
      connections: STORM_CONNECTIONS,
      seconds: 2 * seconds,
      perSecond: STORM * capacity,
    }),
    payments.pay(PAYMENTS_PER_SECOND, 2 * seconds),
  ])
  invariant(storm.other === 0, 'what is not made is refused as busy')
  const after = await payments.pay(PAYMENTS_PER_SECOND, AFTER_SECONDS)
  await checkHeld(url, storm.made)
  const unloadedP99 = unloaded.quantile(0.99)
  return {
    capacity,
    goodput: storm.made / storm.seconds,
    busy: storm.busy,
    unloadedP99,
    stormP50: during.quantile(0.5),
    stormP99: during.quantile(0.99),
    stormMax: during.quantile(1),
    payments: during.count,
    unpaid: unloaded.failed + during.failed + after.failed,
    backMs: after.lastAbove(BACK * unloadedP99),
  }
}

async function crowd(
  url: string,
  order: Omit<CrowdOrder, 'port' | 'perSecond'> & { perSecond?: number },
): Promise<CrowdReport> {
  const child = fork(CROWD)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const reported = new Promise<CrowdReport>((resolve, reject) => {
    child.once('message', (report) => resolve(report as CrowdReport))
    child.once('exit', (status) => reject(new Error(`the crowd ended with ${status}`)))
  })
  child.send({ perSecond: undefined, ...order, port: Number(new URL(url).port) })
  const report = await reported
  await ended
  return report
}

function report(rounds: readonly Round[], json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ machine: machineLine(), rounds })}\n`)
    return
  }
  const all = (value: (round: Round) => number, digits = 0) => spread(rounds.map(value), digits)
  const paid = rounds.reduce((sum, { payments }) => sum + payments, 0)
  const unpaid = rounds.reduce((sum, round) => sum + round.unpaid, 0)
  const isPaid = unpaid === 0 ? 'all confirmed' : `${unpaid} NOT confirmed`
  process.stdout.write(
    [
      `overload, ${STORM} × capacity over ${STORM_CONNECTIONS} connections, median (min – max) of ${rounds.length}`,
      `  capacity (closed loop)      ${all(({ capacity }) => capacity)} reservations/s`,
      `  goodput in the storm        ${all(({ goodput }) => goodput)} reservations/s`,
      `  goodput to capacity         ${all(({ goodput, capacity }) => goodput / capacity, 2)}`,
      `  refused as busy             ${all(({ busy }) => busy)} a storm`,
      `  payments in storms          ${paid}, ${isPaid}`,
      `  confirm, unloaded           p99 ${all(({ unloadedP99 }) => unloadedP99, 1)} ms`,
      `  confirm, in the storm       p50 ${all(({ stormP50 }) => stormP50, 1)} ms, p99 ${all(({ stormP99 }) => stormP99, 1)} ms, max ${all(({ stormMax }) => stormMax, 1)} ms`,
      `  p99 in the storm to before  ${all(({ stormP99, unloadedP99 }) => stormP99 / unloadedP99, 1)}`,
      `  back after                  ${median(rounds.map(({ backMs }) => backMs)).toFixed(0)} ms`,
      '',
    ].join('\n'),
  )
}
