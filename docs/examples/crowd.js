// A crowd of 1,000 buyers for 300 units, all at once. Run: node docs/examples/crowd.js http://127.0.0.1:7070
import { HoldfastClient, HoldfastError, httpTransport } from 'holdfast/client'

const say = (text) => process.stdout.write(`${text}\n`)
// Several gateways of one cluster may be named: the client spreads its requests over them.
const urls = process.argv.length > 2 ? process.argv.slice(2) : ['http://127.0.0.1:7070']
const client = new HoldfastClient(httpTransport(urls), { deadlineMs: 30_000 })

const sku = `ticket-${Date.now()}`
const opened = await client.openSku(sku, { stock: 300 })
if (!opened.ok) throw new Error(opened.refusal.detail)

/** One buyer. No batching here: the client does it, because all of them call in the same moment. */
async function buy(buyer) {
  try {
    const held = await client.reserve({ sku, buyer, quantity: 1 })
    if (!held.ok) return held.refusal.code
    const paid = await client.confirm(held.reservation.id)
    return paid.ok ? 'bought' : paid.refusal.code
  } catch (fault) {
    // The client has repeated the call until its deadline. What is left to do depends on the code.
    if (fault instanceof HoldfastError && fault.retryable) return `try later: ${fault.code}`
    throw fault
  }
}

const buyers = Array.from({ length: 1_000 }, (_, number) => `buyer-${number}`)
const counts = new Map()
for (const outcome of await Promise.all(buyers.map(buy))) {
  counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
}
for (const [outcome, count] of counts) say(`${outcome}: ${count}`)

const after = await client.sku(sku)
if (after.ok)
  say(`available ${after.sku.available}, held ${after.sku.held}, sold ${after.sku.sold}`)
await client.close()
