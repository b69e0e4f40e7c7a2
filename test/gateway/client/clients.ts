// Clients for tests: impatient, and closed after the test that made them.
import { afterEach, expect } from 'vitest'
import type { ClientOptions } from '../../../gateway/client/client-options.ts'
import { HoldfastError } from '../../../gateway/client/errors.ts'
import { HoldfastClient } from '../../../gateway/client/holdfast-client.ts'
import { type HttpTransportOptions, httpTransport } from '../../../gateway/client/http-transport.ts'
import type { Reservation, ReservationResult } from '../../../gateway/client/reservations.ts'

/** Repeats soon: tests need not be polite. */
const IMPATIENT: ClientOptions = { backoffMs: 2, backoffMsMax: 20 }

/** Gives clients of `urls`; each is closed after the test, and must then have settled every call. */
export function testClients(): (
  urls: string | readonly string[],
  options?: ClientOptions & HttpTransportOptions,
) => HoldfastClient {
  const made: HoldfastClient[] = []
  afterEach(async () => {
    for (const client of made.splice(0)) await client.close()
  })
  return (urls, options = {}) => {
    const { headers, fetch, ...more } = options
    const transport = httpTransport(urls, {
      ...(headers === undefined ? {} : { headers }),
      ...(fetch === undefined ? {} : { fetch }),
    })
    const client = new HoldfastClient(transport, { ...IMPATIENT, ...more })
    made.push(client)
    return client
  }
}

/** A fetch that counts what goes out. */
export class CountingFetch {
  /** The bodies of all requests, in order. */
  readonly bodies: string[] = []
  readonly fetch: typeof globalThis.fetch = (input, init) => {
    this.bodies.push(String(init?.body ?? ''))
    return globalThis.fetch(input, init)
  }

  /** How many operations each batch carried. */
  get sizes(): number[] {
    return this.bodies.map((body) => JSON.parse(body).operations.length)
  }
}

/** The reservation of a result that must be a success. */
export function granted(result: ReservationResult): Reservation {
  if (!result.ok) throw new Error(`refused: ${result.refusal.code}`)
  return result.reservation
}

/** The fault that a call must end with. */
export async function faultOf(call: Promise<unknown>): Promise<HoldfastError> {
  const ended = await call.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  )
  const error = 'error' in ended ? ended.error : undefined
  expect(error, JSON.stringify(ended)).toBeInstanceOf(HoldfastError)
  return error as HoldfastError
}

/** One event-loop turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
