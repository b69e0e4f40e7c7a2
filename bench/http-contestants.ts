// Servers that take POST /v1/reservations: all are loaded alike, and asked alike what they hold.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastProcess } from '../gateway/cluster/holdfast-process.ts'
import { startConstant } from './constant-process.ts'
import type { Contestant, Sample } from './contestant.ts'
import { checkHeld, type Load, loadReservations, openSkus } from './http-load.ts'

/** A server in a process of its own. */
export interface HttpServer {
  readonly url: string
  stop(): Promise<void>
}

/** A server, and the two things that only it knows: how it is filled, and what it holds. */
export interface HttpContestantOptions {
  readonly name: string
  readonly role: Contestant['role']
  readonly durability: string
  start(): Promise<HttpServer>
  /** Opens the SKUs of the load. */
  fill(url: string): Promise<void>
  /** Loads the server for so long; single reservations unless it says otherwise. */
  readonly load?: (url: string, seconds: number) => Promise<Load>
  /** Fails unless at least `made` units are held, and none is lost or made up. */
  check(url: string, made: number): Promise<void>
}

/** A server behind HTTP that is filled, loaded and asked what it holds. */
export function httpContestant(options: HttpContestantOptions): Contestant {
  const { name, role, durability, load = loadReservations } = options
  let server: HttpServer | undefined
  let made = 0
  const url = () => String(server?.url)
  return {
    ...{ name, role, durability },
    async open() {
      server = await options.start()
      await options.fill(server.url)
    },
    async run(seconds): Promise<Sample> {
      const { answered, perSecond, requestsPerSecond, p50, p99 } = await load(url(), seconds)
      made += answered
      return { perSecond, requestsPerSecond, p50Ms: p50, p99Ms: p99 }
    },
    check: () => options.check(url(), made),
    close: async () => server?.stop(),
  }
}

/** What a contestant does other than to sell single reservations. */
export type HttpTask = Partial<Pick<HttpContestantOptions, 'start' | 'fill' | 'load' | 'check'>>

/** `holdfast serve`, as `npm start` runs it. */
export function holdfastHttp(task: HttpTask = {}): Contestant {
  return httpContestant({
    name: 'Holdfast',
    role: 'ours',
    durability: 'one fdatasync per commit, before the answer',
    start: () => startHoldfast(),
    fill: (url) => openSkus(url),
    check: checkHeld,
    ...task,
  })
}

/** The limit: the same Fastify, parser, hooks and schemas, and an answer that never changes. */
export function constantHttp(task: Pick<HttpTask, 'load'> = {}): Contestant {
  return httpContestant({
    name: 'constant Fastify route',
    role: 'limit',
    durability: 'none: nothing is kept',
    start: startConstant,
    fill: async () => undefined,
    check: async () => undefined,
    ...task,
  })
}

/**
 * A server with an empty journal of its own, as `npm start` runs it unless flags say more; of another checkout, when
 * `bin` is its command.
 */
export async function startHoldfast(
  flags: readonly string[] = [],
  bin?: string,
): Promise<HttpServer> {
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const words = () => ['serve', '--data', data, ...flags]
  const server = new HoldfastProcess({
    ...{ name: 'server', words, readyWhen: 'recovered', port: 0 },
    ...(bin !== undefined && { bin }),
  })
  await server.start()
  return {
    url: server.url,
    stop: async () => {
      await server.stop()
      rmSync(data, { recursive: true })
    },
  }
}
