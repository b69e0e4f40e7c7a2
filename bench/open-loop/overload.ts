// Three times the crowd that the server can serve: do those who pay notice, and is it over when it is over?
import { setTimeout as delay } from 'node:timers/promises'
import { invariant } from '../../core/invariant.ts'
import { startHoldfast } from '../http-contestants.ts'
import { CONNECTIONS, checkHeld, openSkus } from '../http-load.ts'
import type { BenchOptions } from '../options.ts'
import type { ScenarioReport } from '../scenario-report.ts'
import { type CrowdPlan, CrowdProcess, runCrowd } from './crowd-process.ts'
import { type Crowded, madeIn, type OverloadRound, reportOverload } from './overload-report.ts'
import { Payments } from './payments.ts'

const WARM_UP_SECONDS = 3
const ROUNDS_MAX = 3
/** Times the capacity that was found in the same round. */
const STORM = 3
/** A storm lasts so many times as long as any other run. */
const STORM_LENGTH = 4
const STORM_CONNECTIONS = 4_096
/** Arrivals that found no free connection for so long are given up by the crowd itself. */
const GIVE_UP_MS = 1_000
const PAYMENTS_PER_SECOND = 200
/** How long latency is watched when the storm is over. */
const AFTER_SECONDS = 4

/** Finds the capacity, storms it, and tells what became of payments and of the rest. */
export async function benchOverload(options: BenchOptions): Promise<ScenarioReport> {
  const server = await startHoldfast()
  try {
    const rounds = await measure(server.url, options)
    return reportOverload(rounds, {
      ...{ storm: STORM, stormSeconds: STORM_LENGTH * options.seconds, giveUpMs: GIVE_UP_MS },
      ...{ connections: CONNECTIONS, stormConnections: STORM_CONNECTIONS },
      paymentsPerSecond: PAYMENTS_PER_SECOND,
    })
  } finally {
    await server.stop()
  }
}

async function measure(url: string, options: BenchOptions): Promise<OverloadRound[]> {
  await openSkus(url)
  const payments = await Payments.open(url)
  const warmUpSeconds = Math.min(options.seconds, WARM_UP_SECONDS)
  let { made } = await runCrowd(url, { connections: CONNECTIONS, seconds: warmUpSeconds })
  await payments.pay(PAYMENTS_PER_SECOND, warmUpSeconds)
  const rounds: OverloadRound[] = []
  const count = Math.min(options.rounds, options.isQuick ? 1 : ROUNDS_MAX)
  for (let number = 1; number <= count; number++) {
    const round = await measureRound(url, payments, options.seconds)
    rounds.push(round)
    made += madeIn([...round.calm, round.storm])
    await checkHeld(url, made)
    await payments.checkSold()
    process.stderr.write(`overload: round ${number} of ${count}\n`)
  }
  return rounds
}

async function measureRound(
  url: string,
  payments: Payments,
  seconds: number,
): Promise<OverloadRound> {
  const calmPlan = { connections: CONNECTIONS, seconds }
  const before = await crowdAndPayments(url, payments, calmPlan)
  await delay(1_000)
  const unloaded = await payments.pay(PAYMENTS_PER_SECOND, seconds)
  const storm = await crowdAndPayments(url, payments, {
    ...{ connections: STORM_CONNECTIONS, giveUpMs: GIVE_UP_MS, seconds: STORM_LENGTH * seconds },
    perSecond: (STORM * before.crowd.made) / before.crowd.seconds,
  })
  const after = await payments.pay(PAYMENTS_PER_SECOND, AFTER_SECONDS)
  const again = await crowdAndPayments(url, payments, calmPlan)
  tellIfRefused([before, again])
  return { calm: [before, again], storm, unloaded, after }
}

// Both start at once, when the connections of both are open: the storm is to be the only difference between two of these.
async function crowdAndPayments(
  url: string,
  payments: Payments,
  plan: CrowdPlan,
): Promise<Crowded> {
  const crowdProcess = await CrowdProcess.open(url, plan)
  try {
    const pay = await payments.prepare(PAYMENTS_PER_SECOND, plan.seconds)
    const [crowd, paid] = await Promise.all([crowdProcess.run(), pay()])
    invariant(crowd.other === 0, 'what is not made is refused as busy')
    return { crowd, paid }
  } finally {
    await crowdProcess.end()
  }
}

function tellIfRefused(calm: readonly Crowded[]): void {
  const busy = calm.reduce((sum, { crowd }) => sum + crowd.busy, 0)
  if (busy === 0) return
  process.stderr.write(`the machine is not idle: ${busy} refused in the closed loops\n`)
}
