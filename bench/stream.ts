// What subscribers of live stock cost the selling path: reservations/s with and without them, in turn.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { invariant } from '../core/invariant.ts'
import { HoldfastProcess } from '../gateway/cluster/holdfast-process.ts'
import { CONNECTIONS, checkHeld, type Load, loadReservations, openSkus } from './http-load.ts'
import { machineLine, median, spread } from './machine.ts'
import type { BenchOptions } from './options.ts'
import { type Expected, StreamCrowd } from './stream-crowd.ts'

const WARM_UP_SECONDS = 3
const SKUS = 100
/** What subscribers may cost at most, as a share of reservations/s. */
const AIM = 0.15
/** How long the last events may take to reach everybody, in ms. */
const SETTLE_MS = 20_000

/** What the crowd watches: the SKU that everybody wants, or a page of all. */
const CROWDS = { 'one hot SKU each': 1, 'all 100 SKUs each': SKUS } as const
type Crowd = keyof typeof CROWDS

interface Pair {
  readonly without: Load
  readonly with: Load
  /** What all readers together were sent, in bytes per second. */
  readonly bytesPerSecond: number
}

/** Alternates runs without and with subscribers, checks what everybody was told last, and prints the cost. */
export async function runStreamBench(options: BenchOptions): Promise<void> {
  const { subscribers } = options
  const line = `${machineLine()}; ${CONNECTIONS} connections; ${subscribers} subscribers`
  process.stderr.write(`${line}, reading in a process of their own on the same cores\n`)
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  // Every reservation of the closed loop is to be made, however full the cores are: that is what is measured.
  const words = () => ['serve', '--data', data, '--shed-delay-ms', '0']
  const holdfast = new HoldfastProcess({ name: 'server', words, readyWhen: 'recovered', port: 0 })
  await holdfast.start()
  try {
    await openSkus(holdfast.url)
    const { answered } = await loadReservations(holdfast.url, WARM_UP_SECONDS)
    report(await measure(holdfast.url, answered, options), options)
  } finally {
    await holdfast.stop()
    rmSync(data, { recursive: true })
  }
}

async function measure(
  url: string,
  warmUp: number,
  options: BenchOptions,
): Promise<ReadonlyMap<Crowd, Pair[]>> {
  const pairs = new Map<Crowd, Pair[]>()
  let made = warmUp
  for (let round = 1; round <= options.rounds; round++) {
    for (const crowd of Object.keys(CROWDS) as Crowd[]) {
      const pair = await measurePair(url, crowd, options)
      pairs.set(crowd, [...(pairs.get(crowd) ?? []), pair])
      made += pair.without.answered + pair.with.answered
    }
    await checkHeld(url, made)
    process.stderr.write(`round ${round} of ${options.rounds}\n`)
  }
  return pairs
}

async function measurePair(url: string, name: Crowd, options: BenchOptions): Promise<Pair> {
  const without = await loadReservations(url, options.seconds)
  const skus = Array.from({ length: CROWDS[name] }, (_, index) => `sku-${index}`)
  const query = skus.map((sku) => `sku=${sku}`).join('&')
  const crowd = new StreamCrowd()
  try {
    const before = await crowd.order({ kind: 'open', url, count: options.subscribers, query })
    invariant(before.open === options.subscribers, 'every stream is open')
    const run = await loadReservations(url, options.seconds)
    const after = await crowd.order({ kind: 'count' })
    invariant(after.open === options.subscribers, 'no reader was dropped')
    await checkTold(url, crowd, skus, options.subscribers)
    const bytesPerSecond = (after.bytes - before.bytes) / options.seconds
    return { without, with: run, bytesPerSecond }
  } finally {
    await crowd.end()
  }
}

// One last reservation of every SKU, and then everybody must have been told how it stands.
async function checkTold(
  url: string,
  crowd: StreamCrowd,
  skus: readonly string[],
  count: number,
): Promise<void> {
  await crowd.order({ kind: 'keep' })
  for (const sku of skus) await reserveOne(url, sku)
  const endsAtMs = performance.now() + SETTLE_MS
  let matching = 0
  while (matching < count && performance.now() < endsAtMs) {
    await delay(100)
    ;({ matching } = await crowd.order({ kind: 'check', expected: await statesOf(url, skus) }))
  }
  invariant(matching === count, `every reader was told the last state: ${matching} of ${count}`)
}

async function reserveOne(url: string, sku: string): Promise<void> {
  const made = await fetch(`${url}/v1/reservations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sku, buyer: 'last', quantity: 1 }),
  })
  invariant(made.status === 201, 'the last reservation is made')
}

async function statesOf(url: string, skus: readonly string[]): Promise<Expected> {
  const response = await fetch(`${url}/v1/skus`)
  const all = (await response.json()) as {
    skus: { sku: string; available: number; held: number }[]
  }
  const watched = all.skus.filter(({ sku }) => skus.includes(sku))
  return Object.fromEntries(
    watched.map(({ sku, available, held }) => [
      sku,
      `{"sku":"${sku}","available":${available},"held":${held},`,
    ]),
  )
}

function report(pairs: ReadonlyMap<Crowd, readonly Pair[]>, options: BenchOptions): void {
  const { subscribers, json } = options
  if (json) {
    const figures = Object.fromEntries(pairs)
    process.stdout.write(`${JSON.stringify({ machine: machineLine(), subscribers, figures })}\n`)
    return
  }
  const lines = [`stream, ${subscribers} subscribers, median (min – max) of ${options.rounds}`]
  for (const [crowd, measured] of pairs) lines.push(...describeCrowd(crowd, measured))
  process.stdout.write(`${lines.join('\n')}\n`)
}

function describeCrowd(crowd: Crowd, pairs: readonly Pair[]): string[] {
  const costs = pairs.map((pair) => 1 - pair.with.perSecond / pair.without.perSecond)
  const verdict = median(costs) <= AIM ? 'met' : 'not met'
  return [
    `${crowd}:`,
    `  without      ${spread(pairs.map((pair) => pair.without.perSecond))} reservations/s`,
    `  with         ${spread(pairs.map((pair) => pair.with.perSecond))} reservations/s`,
    `  cost         ${spread(costs.map((cost) => cost * 100))} %; aim: at most ${AIM * 100} %, ${verdict}`,
    `  p99          ${spread(pairs.map((pair) => pair.without.p99))} ms without, ${spread(pairs.map((pair) => pair.with.p99))} ms with`,
    `  sent         ${spread(pairs.map((pair) => pair.bytesPerSecond / 1_000))} kB/s to all of them`,
  ]
}
