// POST /v1/reservations of a real server, durable, against a constant route on the same Fastify with the same schemas.
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { invariant } from '../core/invariant.ts'
import { machineLine, median, spread } from './machine.ts'
import type { BenchOptions } from './options.ts'

const CONNECTIONS = 256
/** As bin/holdfast.js asks for; the limit gets the same. */
const NODE_FLAGS = ['--max-semi-space-size=64']
const WARM_UP_SECONDS = 3
const SKUS = 100
const STOCK = 1_000_000_000
const BIN = fileURLToPath(new URL('../../bin/holdfast.js', import.meta.url))
const CONSTANT = fileURLToPath(new URL('./constant-server.js', import.meta.url))

interface Load {
  readonly perSecond: number
  readonly answered: number
  readonly p50: number
  readonly p99: number
}

/** Alternates both servers, round by round, and prints medians and the ratio. */
export async function runHttpBench(options: BenchOptions): Promise<void> {
  process.stderr.write(
    `${machineLine()}; ${CONNECTIONS} connections; durable: one fdatasync per commit\n`,
  )
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const holdfast = await startHoldfast(data)
  const constant = await startConstant()
  try {
    await openSkus(holdfast.url)
    const { ours, limit } = await measure(holdfast.url, constant.url, options)
    report(ours, limit, options.json)
  } finally {
    await Promise.all([stop(holdfast.process), stop(constant.process)])
    rmSync(data, { recursive: true })
  }
}

async function measure(
  holdfast: string,
  constant: string,
  options: BenchOptions,
): Promise<{ ours: Load[]; limit: Load[] }> {
  await load(constant, WARM_UP_SECONDS)
  let made = (await load(holdfast, WARM_UP_SECONDS)).answered
  const ours: Load[] = []
  const limit: Load[] = []
  for (let round = 1; round <= options.rounds; round++) {
    limit.push(await load(constant, options.seconds))
    const run = await load(holdfast, options.seconds)
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

// Each connection cycles through its own SKU and buyer; no key, so that every request is a new reservation.
async function load(url: string, seconds: number): Promise<Load> {
  let connection = 0
  const result = await autocannon({
    url: `${url}/v1/reservations`,
    connections: CONNECTIONS,
    duration: seconds,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    setupClient: (client) => {
      const number = connection++
      const sku = `sku-${number % SKUS}`
      client.setBody(JSON.stringify({ sku, buyer: `buyer-${number}`, quantity: 1 }))
    },
  })
  invariant(result.non2xx === 0 && result.errors === 0, 'every request is answered by a success')
  return {
    perSecond: result['2xx'] / result.duration,
    answered: result['2xx'],
    p50: result.latency.p50,
    p99: result.latency.p99,
  }
}

async function openSkus(url: string): Promise<void> {
  for (let index = 0; index < SKUS; index++) {
    const response = await fetch(`${url}/v1/skus/sku-${index}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ stock: STOCK, holdMs: 3_600_000 }),
    })
    invariant(response.status === 201, 'every SKU is new')
  }
}

// autocannon drops what is in flight when its time is up: the server may have made up to that many more.
async function checkHeld(url: string, made: number): Promise<void> {
  const response = await fetch(`${url}/v1/skus`)
  const { skus } = (await response.json()) as {
    skus: { stock: number; available: number; held: number }[]
  }
  const held = skus.reduce((sum, sku) => sum + sku.held, 0)
  invariant(held >= made, 'every acknowledged reservation is held')
  invariant(
    skus.every((sku) => sku.available + sku.held === sku.stock),
    'no unit is lost or made',
  )
}

interface Started {
  readonly process: ChildProcess
  readonly url: string
}

async function startHoldfast(data: string): Promise<Started> {
  const child = spawn(
    process.execPath,
    [...NODE_FLAGS, BIN, 'serve', '--port', '0', '--data', data],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let url = ''
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg: string; url?: string }
    url = entry.url ?? url
    if (entry.msg === 'recovered') break
  }
  child.stdout.resume()
  return { process: child, url }
}

async function startConstant(): Promise<Started> {
  const child = fork(CONSTANT, { execArgv: NODE_FLAGS })
  const url = await new Promise<string>((resolve) => {
    child.once('message', (message) => resolve(String(message)))
  })
  return { process: child, url }
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
