// The console's own files: one page at /, what it needs under /console/. Public text; all data needs a key.
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { OPEN } from '../http/route-config.ts'

/** Beside this file, in the sources as in dist/: the build copies it. */
const PAGE = fileURLToPath(new URL('page', import.meta.url))
const CHARTS = dirname(createRequire(import.meta.url).resolve('uplot/dist/uPlot.min.css'))

/** Files of the chart library that the page loads, by the names it loads them under. */
const CHART_FILES: Readonly<Record<string, string>> = {
  'uplot.js': 'uPlot.iife.min.js',
  'uplot.css': 'uPlot.min.css',
}

/** Nothing but the page's own files runs, and nothing leaves for another origin. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const file = {
  type: 'object',
  properties: { file: { type: 'string', pattern: '^[a-z-]+\\.(js|css|svg)$' } },
}

/** Registers / and /console/{file} among the pages; each answers 304 to whoever has it already. */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  await app.register(fastifyStatic, { root: PAGE, serve: false, cacheControl: false })
  app.get('/', { schema: { hide: true }, config: OPEN }, (_, reply) =>
    guarded(reply).sendFile('console.html'),
  )
  const schema = { hide: true, params: file }
  app.get<{ Params: { file: string } }>(
    '/console/:file',
    { schema, config: OPEN },
    (request, reply) => {
      const name = request.params.file
      const chartFile = Object.hasOwn(CHART_FILES, name) ? CHART_FILES[name] : undefined
      guarded(reply)
      return chartFile === undefined ? reply.sendFile(name) : reply.sendFile(chartFile, CHARTS)
    },
  )
}

function guarded(reply: FastifyReply): FastifyReply {
  return reply.headers({ 'cache-control': 'no-cache', 'content-security-policy': POLICY })
}
