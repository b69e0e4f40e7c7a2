// What every route says of itself: which keys open it, whether buyers may call it, and what is shed first.
import type { Principal, Scope } from '../access/principal.ts'
import type { Lane } from '../lane.ts'

export interface RouteConfig {
  /** The scope that a key needs; `open` asks for none. */
  readonly scope: Scope | 'open'
  /** Whether a buyer's own token opens it too, for what is the buyer's. */
  readonly isForBuyers: boolean
  readonly lane: Lane
  /** Its answer goes on for as long as the client stays: no request that is in flight, nor one whose duration counts. */
  readonly isStream?: boolean
  /** Asked by whatever keeps the process alive, so never limited. */
  readonly isProbe?: boolean
}

declare module 'fastify' {
  interface FastifyContextConfig extends Partial<RouteConfig> {}
  interface FastifyRequest {
    /** Who calls; set before any handler runs. */
    principal: Principal
  }
}

const config = (scope: RouteConfig['scope'], lane: Lane, isForBuyers = false): RouteConfig => ({
  scope,
  lane,
  isForBuyers,
})

/** New reservations. */
export const RESERVES: RouteConfig = config('sell', 'reserve', true)
/** What a buyer may do with a hold: give it back, keep it longer. */
export const HOLDS: RouteConfig = config('sell', 'settle', true)
/** What only the shop may say: that something was paid, or came back. */
export const SETTLES: RouteConfig = config('sell', 'settle')
/** Several operations: each is looked at by itself. */
export const BATCHES: RouteConfig = config('sell', 'settle', true)
/** Looking a reservation up. */
export const LOOKS_UP: RouteConfig = config('sell', 'read', true)
/** Reads for shops and operators. */
export const READS: RouteConfig = config('read', 'read')
/** Figures for operators and monitors, which matter most when all else is shed. */
export const WATCHES: RouteConfig = config('read', 'server')
/** The same where everybody may know the stock. */
export const PUBLIC_READS: RouteConfig = { ...READS, scope: 'open' }
/** Live stock. */
export const STREAMS: RouteConfig = { ...READS, isStream: true }
/** Live stock where everybody may have it. */
export const PUBLIC_STREAMS: RouteConfig = { ...STREAMS, scope: 'open' }
/** What steers the sale. */
export const OPERATES: RouteConfig = config('operate', 'server')
/** Whether it lives, whether it sells. */
export const PROBES: RouteConfig = { ...config('open', 'server'), isProbe: true }
/** What anybody may ask. */
export const OPEN: RouteConfig = config('open', 'server')
