// The count of open connections: up with each that comes, down with each that goes.
import { once } from 'node:events'
import http from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ConnectionCount } from '../../../gateway/http/connection-count.ts'

test('connections of all servers count from their first moment until they are closed', async () => {
  const count = new ConnectionCount()
  const listening = async (): Promise<http.Server> => {
    const server = http.createServer()
    count.watch(server)
    onTestFinished(() => void server.close())
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  const servers = [await listening(), await listening()]
  const open = async (server: http.Server): Promise<{ client: Socket; accepted: Socket }> => {
    const { port } = server.address() as AddressInfo
    const accepted = once(server, 'connection')
    const client = connect(port, '127.0.0.1')
    return { client, accepted: (await accepted)[0] as Socket }
  }
  expect(count.open).toBe(0)
  const first = await open(servers[0] as http.Server)
  const second = await open(servers[1] as http.Server)
  expect(count.open).toBe(2)
  const closed = once(first.accepted, 'close')
  first.client.destroy()
  await closed
  expect(count.open).toBe(1)
  const gone = once(second.accepted, 'close')
  second.client.destroy()
  await gone
  expect(count.open).toBe(0)
})
