// What is logged per request: nothing at info, one line at debug. A sale is no time to write a line per buyer.
import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import { withoutSecrets } from '../access/key-text.ts'

/** Fastify's log lines, as Holdfast wants them. */
export class RequestLog extends LogController {
  constructor() {
    super({ requestIdLogLabel: 'requestId' })
  }

  override incomingRequest(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const { method } = request
    const url = withoutSecrets(request.url)
    const { statusCode, elapsedTime } = reply
    if (error) request.log.error({ err: error, method, url }, 'answer not sent')
    else request.log.debug({ method, url, statusCode, elapsedTime }, 'request')
  }
}
