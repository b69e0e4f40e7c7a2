// The partition in this process keeps the port's promises.
import { afterEach } from 'vitest'
import { MemoryShop } from '../fixtures/memory-shop.ts'
import { partitionPortContract } from './partition-port.contract.ts'

const shops: MemoryShop[] = []
afterEach(async () => {
  for (const shop of shops.splice(0)) {
    shop.journal.letGo()
    await shop.close()
    await shop.check()
  }
})

partitionPortContract('in this process', async () => {
  const shop = new MemoryShop()
  shops.push(shop)
  return { shop, port: shop.selling }
})
