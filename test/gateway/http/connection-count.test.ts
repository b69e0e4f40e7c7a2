// The count of open connections: up with each that comes, down with each that goes.
import { once } from 'node:events'
import http from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { connectionCount } from '../../../gateway/http/connection-count.ts'

test('connections count from their first moment until they are closed', async () => {
  const server = http.createServer()
  const count = connectionCount(server)
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const open = async (): Promise<{ client: Socket; accepted: Socket }> => {
    const accepted = once(server, 'connection')
    const client = connect(port, '127.0.0.1')
    return { client, accepted: (await accepted)[0] as Socket }
  }
  expect(count()).toBe(0)
  const first = await open()
  const second = await open()
  expect(count()).toBe(2)
  const closed = once(first.accepted, 'close')
  first.client.destroy()
  await closed
  expect(count()).toBe(1)
  const gone = once(second.accepted, 'close')
  second.client.destroy()
  await gone
  expect(count()).toBe(0)
})
