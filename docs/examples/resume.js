// An order that survives its own process: the key is stored before the call, so a second run goes on with the first.
// Run it twice: node docs/examples/resume.js http://127.0.0.1:7070 order.json
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { HoldfastClient, HoldfastError, httpTransport } from 'holdfast/client'

const say = (text) => process.stdout.write(`${text}\n`)
const [url = 'http://127.0.0.1:7070', file = 'order.json'] = process.argv.slice(2)
const client = new HoldfastClient(httpTransport(url), { deadlineMs: 5_000 })

if (!existsSync(file)) {
  const order = { key: crypto.randomUUID(), sku: `book-${Date.now()}`, buyer: 'ann', quantity: 1 }
  writeFileSync(file, JSON.stringify(order))
}
const order = JSON.parse(readFileSync(file, 'utf8'))

try {
  await client.openSku(order.sku, { stock: 10 })
  const held = await client.reserve(order)
  if (!held.ok) say(`refused: ${held.refusal.code}`)
  else if (held.reservation.isReplay) say(`${held.reservation.id} was held by an earlier run`)
  else say(`${held.reservation.id} is held`)
} catch (fault) {
  if (!(fault instanceof HoldfastError)) throw fault
  // With `outcome_unknown` it may be held or not: running this again, with the same key, tells.
  say(`${fault.code}: ${fault.message}`)
  process.exitCode = fault.retryable ? 75 : 1
}
await client.close()
