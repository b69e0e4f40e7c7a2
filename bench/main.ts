// `npm run bench -- SCENARIO`: measures compiled code, side by side in one run, after checking the result.
import { runEngineBench } from './engine.ts'
import { runNatsBench } from './nats.ts'
import type { BenchOptions } from './options.ts'
import { runOverloadBench } from './overload.ts'
import { runReplayBench } from './replay.ts'
import { SCENARIOS as REPORTING } from './scenarios.ts'
import { runStreamBench } from './stream.ts'

const SCENARIOS: Readonly<Record<string, (options: BenchOptions) => Promise<void>>> = {
  engine: runEngineBench,
  nats: runNatsBench,
  overload: runOverloadBench,
  replay: runReplayBench,
  stream: runStreamBench,
}

const HELP = `Usage: npm run bench -- SCENARIO [--rounds N] [--seconds N] [--subscribers N] [--json]

  http     POST /v1/reservations, durable, against a constant Fastify route (autocannon, 256 connections)
  replay   verify and rebuild against a raw LMDB read + msgpackr decode; snapshot loading; memory
  nats     frames against single requests, HTTP through NATS against embedded, the shield against a constant route
  overload open loop at three times the capacity of the same run: payments, goodput, and the time after
  stream   reservations/s with and without 2,000 subscribers of live stock
  engine   the partition with the real journal against a raw msgpackr + LMDB append of the same events

Run it on an idle machine. Figures of one run compare; figures of two do not.`

async function main(argv: readonly string[]): Promise<void> {
  const [scenario = ''] = argv
  const run = SCENARIOS[scenario] ?? reporting(scenario)
  if (run === undefined) {
    process.stdout.write(`${HELP}\n`)
    process.exitCode = scenario === '' || scenario === '--help' ? 0 : 2
    return
  }
  await run({
    rounds: numberAfter(argv, '--rounds', 5),
    seconds: numberAfter(argv, '--seconds', 8),
    subscribers: numberAfter(argv, '--subscribers', 2_000),
    isQuick: argv.includes('--quick'),
    json: argv.includes('--json'),
  })
}

function reporting(name: string): ((options: BenchOptions) => Promise<void>) | undefined {
  const scenario = REPORTING.find((one) => one.name === name)
  if (scenario === undefined) return undefined
  return async (options) => {
    process.stdout.write(`${JSON.stringify(await scenario.run(options))}\n`)
  }
}

function numberAfter(argv: readonly string[], flag: string, standard: number): number {
  const index = argv.indexOf(flag)
  return index < 0 ? standard : Number(argv[index + 1])
}

await main(process.argv.slice(2))
