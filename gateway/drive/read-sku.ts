// Reads the counts of one SKU back from the server.
import { type ApiClient, refused } from './api-client.ts'
import { type ApiCall, unreadable } from './http-attempt.ts'
import type { SkuCounts } from './operations.ts'

/** The counts of a SKU, undefined when the server does not know it. @throws DriveError on nonsense. */
export async function readSku(client: ApiClient, sku: string): Promise<SkuCounts | undefined> {
  const call: ApiCall = { method: 'GET', path: `/v1/skus/${sku}` }
  const answer = await client.call(call)
  if (answer.status === 404) return undefined
  if (answer.status !== 200) throw refused(call, answer)
  const count = (field: string): number => {
    const value = answer.body[field]
    if (typeof value === 'number') return value
    throw unreadable(call, `"${field}" is no number`)
  }
  return {
    stock: count('stock'),
    available: count('available'),
    held: count('held'),
    sold: count('sold'),
  }
}
