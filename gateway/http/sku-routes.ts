// /v1/skus: open, replace or amend the rules, adjust the stock, look up, list.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RoutedCommand } from '../../core/command.ts'
import { SKUS_PER_PAGE_MAX } from '../../core/limits.ts'
import { operatorOf } from '../access/principal.ts'
import { skuAnswerBody, skuETag } from '../api/answer-bodies.ts'
import {
  keyHeaders,
  type RulesPatchBody,
  rulesPatch,
  type SkuBody,
  type SkusQuery,
  type StockBody,
  skuAnswer,
  skuBody,
  skuParams,
  skusAnswer,
  skusQuery,
  stockBody,
} from '../api/schemas.ts'
import { openCommand } from '../api/sku-calls.ts'
import type { Answer } from '../partition-port.ts'
import type { Partitions } from '../partitions.ts'
import { requiredIdempotencyKey } from './idempotency-key.ts'
import { isStillFresh } from './if-none-match.ts'
import { logAction, type OperatorCommand } from './operator-log.ts'
import { type TermsReader, tellTiming } from './request-terms.ts'
import { OPERATES, PUBLIC_READS, READS } from './route-config.ts'
import { withProblems } from './route-docs.ts'
import { sendNo, sendSku } from './send-answer.ts'

/** What a second old may be shown; by caches that many share only where nobody needs a key for it. */
const FOR_ALL = 'public, max-age=1'
const FOR_ONE = 'private, max-age=1'

interface SkuRoute {
  Params: { sku: string }
}

/** Registers the calls on SKUs; `isPublic` where everybody may know the stock. */
export function skuRoutes(
  app: FastifyInstance,
  partitions: Partitions,
  termsOf: TermsReader,
  isPublic: boolean,
): void {
  const ask = skuCalls(partitions, termsOf)
  openRoute(app, ask)
  amendRoute(app, ask)
  stockRoute(app, ask)
  lookUpRoute(app, ask, isPublic)
  listRoute(app, partitions, termsOf)
}

type AskSku = (
  command: RoutedCommand,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<Answer>

function skuCalls(partitions: Partitions, termsOf: TermsReader): AskSku {
  return async (command, request, reply) => {
    const terms = termsOf(request, reply)
    const answer = await partitions.ask(command, terms)
    tellTiming(reply, terms)
    return answer
  }
}

function openRoute(app: FastifyInstance, ask: AskSku): void {
  const response = withProblems({ 200: skuAnswer, 201: skuAnswer })
  const summary = 'Open a SKU, or replace its rules'
  const schema = { summary, tags: ['skus'], params: skuParams, body: skuBody, response }
  app.put<SkuRoute & { Body: SkuBody }>(
    '/v1/skus/:sku',
    { schema, config: OPERATES },
    async (request, reply) => {
      const command = openCommand(request.params.sku, request.body, operatorOf(request.principal))
      return steer(command, request, reply, ask)
    },
  )
}

function amendRoute(app: FastifyInstance, ask: AskSku): void {
  const response = withProblems({ 200: skuAnswer })
  const summary = 'Change some rules: pause or resume, open or close now, another price or limit'
  const schema = {
    ...{ summary, tags: ['skus'], params: skuParams, body: rulesPatch, response },
    consumes: ['application/merge-patch+json', 'application/json'],
  }
  app.patch<SkuRoute & { Body: RulesPatchBody }>(
    '/v1/skus/:sku',
    { schema, config: OPERATES },
    async (request, reply) => {
      const { sku } = request.params
      const by = operatorOf(request.principal)
      const command = { kind: 'amend', sku, changes: request.body, by } as const
      return steer(command, request, reply, ask)
    },
  )
}

function stockRoute(app: FastifyInstance, ask: AskSku): void {
  const response = withProblems({ 200: skuAnswer })
  const schema = {
    summary: 'Add units, or take away units that nobody holds',
    tags: ['skus'],
    headers: keyHeaders,
    params: skuParams,
    body: stockBody,
    response,
  }
  app.post<SkuRoute & { Body: StockBody }>(
    '/v1/skus/:sku/stock',
    { schema, config: OPERATES },
    async (request, reply) => {
      const { sku } = request.params
      const key = requiredIdempotencyKey(request)
      const by = operatorOf(request.principal)
      const command = { kind: 'adjust', sku, key, ...request.body, by } as const
      return steer(command, request, reply, ask)
    },
  )
}

async function steer(
  command: OperatorCommand,
  request: FastifyRequest,
  reply: FastifyReply,
  ask: AskSku,
): Promise<FastifyReply> {
  const answer = await ask(command, request, reply)
  logAction(request, command, answer)
  return sendSku(request, reply, answer)
}

function lookUpRoute(app: FastifyInstance, ask: AskSku, isPublic: boolean): void {
  const notModified = { description: 'It is still what If-None-Match says.', type: 'null' }
  const response = withProblems({ 200: skuAnswer, 304: notModified })
  const schema = { summary: 'Look one up', tags: ['skus'], params: skuParams, response }
  const config = isPublic ? PUBLIC_READS : READS
  app.get<SkuRoute>('/v1/skus/:sku', { schema, config }, async (request, reply) => {
    const command = { kind: 'read-sku', sku: request.params.sku } as const
    const answer = await ask(command, request, reply)
    if (answer.kind !== 'sku') {
      // Caches keep a 404 as they like; the next moment the SKU may be opened.
      reply.header('cache-control', 'no-store')
      return sendNo(request, reply, answer)
    }
    const isForAll = isPublic || request.principal.kind === 'anyone'
    reply.header('cache-control', isForAll ? FOR_ALL : FOR_ONE)
    if (!isStillFresh(request.headers['if-none-match'], skuETag(answer))) {
      return sendSku(request, reply, answer)
    }
    return reply.header('etag', skuETag(answer)).code(304).send()
  })
}

function listRoute(app: FastifyInstance, partitions: Partitions, termsOf: TermsReader): void {
  const response = withProblems({ 200: skusAnswer })
  const summary = 'List them in the order of opening'
  const schema = { summary, tags: ['skus'], querystring: skusQuery, response }
  app.get<{ Querystring: SkusQuery }>(
    '/v1/skus',
    { schema, config: READS },
    async (request, reply) => {
      const limit = Number(request.query.limit ?? SKUS_PER_PAGE_MAX)
      const { after } = request.query
      const answer = await partitions.listSkus(after, limit, termsOf(request, reply))
      if (answer.kind !== 'skus') return sendNo(request, reply, answer)
      return reply.send({ skus: answer.skus.map(skuAnswerBody), next: answer.next })
    },
  )
}
