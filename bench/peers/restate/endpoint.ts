// Serves the virtual object to Restate over HTTP/2, in a process of its own: asked, it answers its URL.
import { once } from 'node:events'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { createEndpointHandler, type LoggerTransport } from '@restatedev/restate-sdk'
import { answerParent } from '../../answer-parent.ts'
import { stock } from './stock.ts'

// The SDK takes Node 22 for granted; this is all that it misses on Node 20.
Object.assign(Promise, { withResolvers: Reflect.get(Promise, 'withResolvers') ?? withResolvers })

function withResolvers() {
  const parts = {}
  const promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return Object.assign(parts, { promise })
}

/** Refused calls are warnings, of which a bench may make many. */
const logger: LoggerTransport = ({ level }, ...words) => {
  if (String(level) === 'error') process.stderr.write(`${words.join(' ')}\n`)
}

answerParent(async (): Promise<string> => {
  const server = createServer(createEndpointHandler({ services: [stock], logger }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
