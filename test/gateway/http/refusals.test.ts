// Refusals at leisure, and whose connections are left unread for them.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { HeldSockets } from '../../../gateway/http/held-sockets.ts'
import { ManyCallers } from '../../../gateway/http/many-callers.ts'
import { Refusals } from '../../../gateway/http/refusals.ts'
import { post, RawSocket } from '../../fixtures/raw-socket.ts'

const CROWD = 40

test('a crowd is told over several turns, so that others are served in between', async () => {
  const calls: { request: IncomingMessage; response: ServerResponse }[] = []
  const server = createServer((request, response) => calls.push({ request, response }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets = await Promise.all(Array.from({ length: CROWD }, () => RawSocket.connect(port)))
  for (const socket of sockets) socket.write(post('/v1/reservations', '{}'))
  await expect.poll(() => calls.length).toBe(CROWD)
  const held = new HeldSockets()
  const refusals = new Refusals(held)
  for (const { request, response } of calls) refusals.atLeisure(request, response)
  const told = () => calls.filter(({ response }) => response.writableEnded).length
  expect(told()).toBe(0)
  await nextTurn()
  expect(told()).toBe(32)
  await nextTurn()
  expect(told()).toBe(CROWD)
  for (const socket of sockets) expect((await socket.receive(1))[0]?.status).toBe(503)
  await expect.poll(() => held.count).toBe(CROWD)
  for (const socket of sockets) socket.destroy()
  held.releaseAll()
  server.close()
})

describe('a connection from 127.0.0.1', () => {
  test.each([
    { proxies: [], speaks: false },
    { proxies: ['127.0.0.1'], speaks: true },
    { proxies: ['10.0.0.0/8', '127.0.0.0/8'], speaks: true },
    { proxies: ['127.0.0.2', '::1', '2001:db8::/32'], speaks: false },
  ])('speaks for many where the proxies are $proxies: $speaks', async ({ proxies, speaks }) => {
    const server = createNetServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    const [socket] = (await once(server, 'connection')) as [Socket]
    const callers = new ManyCallers(proxies)
    callers.heedConnection(socket)
    const request = { socket, headers: {} } as IncomingMessage
    expect(callers.speakThrough(request)).toBe(speaks)
    const withToken = { socket, headers: { authorization: 'Bearer eyJ' } } as IncomingMessage
    expect(callers.speakThrough(withToken), 'a buyer shows a token').toBe(speaks)
    const withKey = { socket, headers: { authorization: 'Bearer hf_1' } } as IncomingMessage
    expect(callers.speakThrough(withKey)).toBe(true)
    client.destroy()
    socket.destroy()
    server.close()
  })
})
