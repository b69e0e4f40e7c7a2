// Servers that take POST /v1/reservations: all are loaded alike, and asked alike what they hold.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastProcess } from '../gateway/cluster/holdfast-process.ts'
import { endChild, startConstant } from './constant-process.ts'
import type { Contestant, Sample } from './contestant.ts'
import { checkHeld, loadReservations, openSkus } from './http-load.ts'

/** A server in a process of its own, and the two things that only it knows: how it is filled, and what it holds. */
export interface HttpServer {
  readonly url: string
  stop(): Promise<void>
}

export interface HttpContestantOptions {
  readonly name: string
  readonly role: Contestant['role']
  readonly durability: string
  start(): Promise<HttpServer>
  /** Opens the SKUs of the load. */
  fill(url: string): Promise<void>
  /** Fails unless at least `made` units are held, and none is lost or made up. */
  check(url: string, made: number): Promise<void>
}

/** Single reservations over 256 connections. */
export function httpContestant(options: HttpContestantOptions): Contestant {
  const { name, role, durability } = options
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
      const { answered, perSecond, p50, p99 } = await loadReservations(url(), seconds)
      made += answered
      return { perSecond, requestsPerSecond: perSecond, p50Ms: p50, p99Ms: p99 }
    },
    check: () => options.check(url(), made),
    close: async () => server?.stop(),
  }
}

/** `holdfast serve`, as `npm start` runs it. */
export function holdfastHttp(): Contestant {
  return httpContestant({
    name: 'Holdfast',
    role: 'ours',
    durability: 'one fdatasync per commit, before the answer',
    start: startHoldfast,
    fill: openSkus,
    check: checkHeld,
  })
}

/** The limit: the same Fastify, parser, hooks and schemas, and an answer that never changes. */
export function constantHttp(): Contestant {
  return httpContestant({
    name: 'constant Fastify route',
    role: 'limit',
    durability: 'none: nothing is kept',
    start: async () => {
      const constant = await startConstant()
      return { url: constant.url, stop: () => endChild(constant.process) }
    },
    fill: async () => undefined,
    check: async () => undefined,
  })
}

export async function startHoldfast(): Promise<HttpServer> {
  const data = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const words = () => ['serve', '--data', data]
  const server = new HoldfastProcess({ name: 'server', words, readyWhen: 'recovered', port: 0 })
  await server.start()
  return {
    url: server.url,
    stop: async () => {
      await server.stop()
      rmSync(data, { recursive: true })
    },
  }
}
