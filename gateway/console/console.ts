// The operator's console, as one thing to register: the page, its figures, and the sampler behind them.
import type { FastifyInstance } from 'fastify'
import { servePages } from '../http/pages.ts'
import { pageRoutes } from './page-routes.ts'
import { Sampler, type SamplerOptions } from './sampler.ts'
import { consoleStreamRoute } from './stream-route.ts'

/** Registers the console. It samples from the moment the app listens until it closes. */
export async function registerConsole(
  app: FastifyInstance,
  options: SamplerOptions & { readonly version: string },
): Promise<void> {
  const sampler = new Sampler(options)
  app.addHook('onListen', async () => sampler.start())
  app.addHook('onClose', async () => sampler.stop())
  await servePages(app, pageRoutes)
  consoleStreamRoute(app, sampler, options.version)
}
