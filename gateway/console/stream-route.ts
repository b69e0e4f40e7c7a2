// GET /v1/console/stream: one server-sent event per second with what the top of the console shows.
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { operatorOf } from '../access/principal.ts'
import { problemBody } from '../api/problem-body.ts'
import { OPERATES, type RouteConfig } from '../http/route-config.ts'
import { withProblems } from '../http/route-docs.ts'
import { sendProblem } from '../http/send-problem.ts'
import { SAMPLE_MS, type Sampler } from './sampler.ts'

/** Consoles that may watch one process at a time. */
const WATCHERS_MAX = 64
/** What may wait for a reader; one that is further behind is cut off, and comes back. */
const UNREAD_BYTES_MAX = 2 ** 20

const ALONE = 'A stream takes the whole connection: ask for it behind no other request.'

const WATCHES_ALL: RouteConfig = { ...OPERATES, isStream: true }

/** Registers the stream. `hello` comes first, with what was sampled before; then `sample` each second. */
export function consoleStreamRoute(app: FastifyInstance, sampler: Sampler, version: string): void {
  let watching = 0
  const summary = 'Figures of this process, each second, as server-sent events'
  const schema = { summary, tags: ['server'], response: withProblems({}) }
  app.get(
    '/v1/console/stream',
    { schema, config: WATCHES_ALL, exposeHeadRoute: false },
    (request, reply) => {
      // Behind an unfinished answer, or on a connection that is gone, no `close` would ever end the watching.
      if (reply.raw.socket === null || request.raw.socket.destroyed) {
        return sendProblem(request, reply, problemBody('bad_request', ALONE))
      }
      if (watching >= WATCHERS_MAX) return sendProblem(request, reply, problemBody('busy'))
      watching++
      const { raw } = reply.hijack()
      raw.writeHead(200, {
        ...headersOf(reply.getHeaders()),
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      const { principal } = request
      const who = { kind: principal.kind, name: operatorOf(principal) }
      write(raw, 'hello', { version, who, sampleMs: SAMPLE_MS, kept: sampler.kept })
      const stop = sampler.watch((sample) => write(raw, 'sample', sample))
      raw.once('close', () => {
        watching--
        stop()
      })
      return reply
    },
  )
}

function headersOf(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

function write(raw: ServerResponse, event: string, data: object): void {
  if (raw.writableLength > UNREAD_BYTES_MAX) raw.destroy()
  else raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}
