// Whether every subscriber of live stock was told how it all stands in the end.
import { setTimeout as delay } from 'node:timers/promises'
import { invariant } from '../../core/invariant.ts'
import { readSkus } from '../http-load.ts'
import type { Expected, ReaderCrowd } from './reader-crowd.ts'

/** How long the last events may take to reach everybody, in ms. */
const SETTLE_MS = 20_000

/** One last reservation of every SKU, and then everybody must hear how it stands. */
export async function checkTold(
  url: string,
  crowd: ReaderCrowd,
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
  const watched = (await readSkus(url)).filter(({ sku }) => skus.includes(sku))
  return Object.fromEntries(
    watched.map(({ sku, available, held }) => [
      sku,
      `{"sku":"${sku}","available":${available},"held":${held},`,
    ]),
  )
}
