// POST /v1/reservations of a real server, durable, against a constant route on the same Fastify with the same schemas.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastProcess } from '../gateway/cluster/holdfast-process.ts'
import { endChild, startConstant } from './constant-process.ts'
import { CONNECTIONS, checkHeld, type Load, loadReservations, openSkus } from './http-load.ts'
import { machineLine, median, spread } from './machine.ts'
import type { BenchOptions } from './options.ts'

const WARM_UP_SECONDS = 3

/** Alternates both servers, round by round, and prints medians and the ratio. */
export async function runHttpBench(options: BenchOptions): Promise<void> {
  process.stderr.write(
    `${machineLine()}; ${CONNECTIONS} connections; durable: one fdatasync per commit\n`,
  )
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const words = () => ['serve', '--data', data]
  const holdfast = new HoldfastProcess({ name: 'server', words, readyWhen: 'recovered', port: 0 })
  await holdfast.start()
  const constant = await startConstant()
  try {
    await openSkus(holdfast.url)
    const { ours, limit } = await measure(holdfast.url, constant.url, options)
    report(ours, limit, options.json)
  } finally {
    await Promise.all([holdfast.stop(), endChild(constant.process)])
    rmSync(data, { recursive: true })
  }
}

async function measure(
  holdfast: string,
  constant: string,
  options: BenchOptions,
): Promise<{ ours: Load[]; limit: Load[] }> {
  await loadReservations(constant, WARM_UP_SECONDS)
  let made = (await loadReservations(holdfast, WARM_UP_SECONDS)).answered
  const ours: Load[] = []
  const limit: Load[] = []
  for (let round = 1; round <= options.rounds; round++) {
    limit.push(await loadReservations(constant, options.seconds))
    const run = await loadReservations(holdfast, options.seconds)
    ours.push(run)
    made += run.answered
    await checkHeld(holdfast, made)
    process.stderr.write(`round ${round} of ${options.rounds}\n`)
  }
  return { ours, limit }
}

function report(ours: readonly Load[], limit: readonly Load[], json: boolean): void {
  const rates = ours.map((run) => run.perSecond)
  const limits = limit.map((run) => run.perSecond)
  const ratios = rates.map((rate, index) => rate / (limits[index] ?? Number.NaN))
  if (json) {
    const figures = { ours, limit, ratio: median(ratios) }
    process.stdout.write(`${JSON.stringify({ machine: machineLine(), ...figures })}\n`)
    return
  }
  process.stdout.write(
    [
      `http, POST /v1/reservations, ${CONNECTIONS} connections, median (min – max) of ${ours.length}`,
      `  constant Fastify route   ${spread(limits)} requests/s`,
      `  holdfast, durable        ${spread(rates)} reservations/s, every one of them new`,
      `  holdfast to constant     ${spread(ratios, 2)}`,
      `  latency holdfast         p50 ${spread(ours.map((run) => run.p50))} ms, p99 ${spread(ours.map((run) => run.p99))} ms`,
      `  latency constant         p50 ${spread(limit.map((run) => run.p50))} ms, p99 ${spread(limit.map((run) => run.p99))} ms`,
      '',
    ].join('\n'),
  )
}
