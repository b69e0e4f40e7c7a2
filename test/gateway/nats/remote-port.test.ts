// The partition behind a real nats-server keeps the port's promises.
import { remoteShops } from '../../fixtures/remote-shop.ts'
import { partitionPortContract } from '../partition-port.contract.ts'

const start = remoteShops()

partitionPortContract('behind NATS', async () => {
  const { shop, remote } = await start()
  return { shop, port: remote }
})
