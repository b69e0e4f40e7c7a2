// Pages for people: text that is there for everybody, with the headers that browsers guard a page by.
import helmet from '@fastify/helmet'
import type { FastifyInstance } from 'fastify'

/** What a page may load: what this server has, and nothing else. Pictures may stand in the page itself. */
const POLICY = {
  useDefaults: false,
  directives: {
    'default-src': ["'self'"],
    'base-uri': ["'none'"],
    'form-action': ["'none'"],
    'frame-ancestors': ["'none'"],
    'img-src': ["'self'", 'data:'],
    'object-src': ["'none'"],
    'script-src-attr': ["'none'"],
  },
}

/**
 * Registers the routes of `register` with the headers of pages; `hasOwnPolicy` says that they bring a
 * Content-Security-Policy of their own. Answers of the API get none of this: helmet makes its headers anew for each
 * request, and a page is all that they guard.
 */
export async function servePages(
  app: FastifyInstance,
  register: (pages: FastifyInstance) => Promise<void>,
  { hasOwnPolicy = false }: { readonly hasOwnPolicy?: boolean } = {},
): Promise<void> {
  await app.register(async (pages) => {
    await pages.register(helmet, {
      contentSecurityPolicy: hasOwnPolicy ? false : POLICY,
      // TLS ends before this server: whoever ends it knows whether the name is for TLS only.
      strictTransportSecurity: false,
      xFrameOptions: { action: 'deny' },
    })
    await register(pages)
  })
}
