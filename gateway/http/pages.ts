// Pages for people: text that is there for everybody, with the headers that browsers guard a page by.
import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/**
 * Registers the routes of `register` with the headers of pages; their Content-Security-Policy is their own. Answers of
 * the API get none of this: helmet makes its headers anew for each request, and a page is all that they guard.
 */
export async function servePages(
  app: FastifyInstance,
  register: (pages: FastifyInstance) => Promise<void>,
): Promise<void> {
  await app.register(async (pages) => {
    await pages.register(helmet, {
      contentSecurityPolicy: false,
      // TLS ends before this server: whoever ends it knows whether the name is for TLS only.
      strictTransportSecurity: false,
      xFrameOptions: { action: 'deny' },
    })
    await register(pages)
  })
}
