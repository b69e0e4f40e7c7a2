// The end of the report's page: what a sale must never do, what the journal can prove of it, and how all was counted.
import { count } from '../cli/output.ts'
import { html, type Markup } from './markup.ts'
import { countOf } from './number-words.ts'
import type { SaleReport } from './sale-report.ts'

export function proof(report: SaleReport): Markup {
  const { oversoldUnits, strandedUnits, events, baseSeqs, lastSeqs } = report.proof
  const after = baseSeqs === 0 ? '' : ` after seq ${count(baseSeqs)}`
  return html`<section aria-labelledby="proof"><h2 id="proof">Proof</h2><ul class="proof">
${line(
  oversoldUnits === 0,
  `Oversold: ${countOf(oversoldUnits, 'unit')}`,
  `After each of ${countOf(events, 'event')}, sold and held units were recounted and held against the stock of their SKU.`,
)}
${line(
  strandedUnits === 0,
  `Stranded: ${countOf(strandedUnits, 'unit')}`,
  'A unit is stranded when it is neither available, nor in somebody’s hold, nor sold. Recounted from the holds at the end.',
)}
${line(
  baseSeqs + events === lastSeqs,
  `Journaled: ${countOf(events, 'event')}${after}, last seq ${count(lastSeqs)}`,
  'No seq is missing, every block passed its checksum and carries the hash of the block before.',
)}
${line(
  undefined,
  'Acknowledged = journaled',
  'Answers leave the server after the disk has what they say. A journal cannot prove that about itself: holdfast drill kill does, by killing servers.',
)}</ul></section>`
}

const CHECK = html`<svg viewBox="0 0 20 20" class="good" role="img" aria-label="holds"><path d="M4 10.5l4 4 8-9" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>`
const CROSS = html`<svg viewBox="0 0 20 20" class="bad" role="img" aria-label="broken"><path d="M5 5l10 10M15 5L5 15" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/></svg>`
const NOTE = html`<svg viewBox="0 0 20 20" role="img" aria-label="note"><path d="M10 9v6M10 5.2v.1" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/></svg>`

function line(holds: boolean | undefined, name: string, words: string): Markup {
  const sign = holds === undefined ? NOTE : holds ? CHECK : CROSS
  return html`<li>${sign}<div><h3>${name}</h3><p>${words}</p></div></li>`
}

/** How everything was counted. */
export function terms(): Markup {
  const items = TERMS.map(([name, words]) => html`<dt>${name}</dt><dd>${words}</dd>`)
  return html`<section class="long" aria-labelledby="terms"><h2 id="terms">How it was counted</h2><dl class="terms">${items}</dl></section>`
}

const TERMS: readonly (readonly [string, string])[] = [
  ['Sold', 'Units that were paid and not returned. Units returned are available again.'],
  [
    'Sold out',
    'A SKU sold out at the first moment at which none of its units was available: all were held or sold. It is sold to the last unit when at the end every unit is sold. A hold that expires, a return or new stock can open a SKU again.',
  ],
  [
    'Units that came back',
    'Their hold expired or was cancelled, a payment took fewer than were held, or they were returned. A unit that comes back twice counts twice.',
  ],
  [
    'Taken again, sold again',
    'Units of a SKU are alike, so this is a rule of counting: units that nobody had held yet go first. Only the part of a reservation for which there were none left is taken from units that came back; it is sold again when it is paid (a payment for fewer units counts the others first). Taken again, waiting at the end, and taken out of stock add up to what came back.',
  ],
  [
    'A journal that begins later',
    'Where older events were archived or trimmed, or partitions were made anew, a journal begins with a state. Units sold by then count as sold, without their buyers, times and value; units available then count as never held; and a SKU that had sold or held units has its times counted from there.',
  ],
  [
    'Time to payment',
    'From the reservation to its confirmation. The table is exact; “half” and the like are at most 2 % too high.',
  ],
  [
    'Busiest second',
    'The second of the clock with the most reservations that were granted. Refusals change nothing and are not in the journal.',
  ],
  [
    'Value',
    'Confirmed units at the price in force when they were confirmed. Returns are not deducted; units without a price are left out.',
  ],
  [
    'Time and curves',
    'The journal’s own time, in UTC. Every point drawn is exact; of points too close together to be told apart, the last is drawn.',
  ],
]
