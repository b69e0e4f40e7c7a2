// A first sale: open a SKU, hold, confirm, sell out. Run: node docs/examples/first-sale.js http://127.0.0.1:7070
import { HoldfastClient, httpTransport } from 'holdfast/client'

const say = (text) => process.stdout.write(`${text}\n`)
const url = process.argv[2] ?? 'http://127.0.0.1:7070'
const client = new HoldfastClient(httpTransport(url))

// A SKU of its own, so that the example can be run again and again.
const sku = `lamp-${Date.now()}`
const opened = await client.openSku(sku, { stock: 3, perBuyer: 2, holdMs: 15 * 60_000 })
if (!opened.ok) throw new Error(opened.refusal.detail)
say(`${sku} is open with ${opened.sku.stock} units`)

const anns = await client.reserve({ sku, buyer: 'ann', quantity: 2 })
if (!anns.ok) throw new Error(anns.refusal.detail)
const { id, expiresAt, remaining } = anns.reservation
const minutes = Math.round((expiresAt - Date.now()) / 60_000)
say(`ann holds 2 units for ${minutes} minutes; ${remaining} is left`)

// A refusal is a result, not an exception: its code says which members it has.
const bobs = await client.reserve({ sku, buyer: 'bob', quantity: 2 })
if (!bobs.ok && bobs.refusal.code === 'sold_out') {
  const { available, heldUnits, final } = bobs.refusal
  say(`bob gets none: ${available} available, ${heldUnits} may come back, final: ${final}`)
}

const paid = await client.confirm(id, { paymentId: 'pay-1' })
if (!paid.ok) throw new Error(paid.refusal.detail)
say(`ann's reservation is ${paid.reservation.state}`)

const now = await client.sku(sku)
if (now.ok) say(`available ${now.sku.available}, held ${now.sku.held}, sold ${now.sku.sold}`)

await client.close()
