// Lanes: what is refused first when more comes in than can be done, and what is not.
import type { Command } from '../core/command.ts'

/**
 * New reservations are shed first, reads next. What settles a hold (confirm, cancel, extend, return) or steers the sale
 * keeps room of its own in every queue and is not shed: a buyer who has paid must be told so.
 */
export type Lane = 'reserve' | 'read' | 'settle' | 'server'

/** The part of a queue that a lane may fill: what comes after it keeps the rest. */
const SHARE: Readonly<Record<Lane, number>> = { reserve: 3 / 4, read: 7 / 8, settle: 1, server: 1 }

/** What would wait longer than this in the queue of a partition is not taken, if it is a new reservation; in ms. */
export const QUEUE_DELAY_MS_MAX = 100

/** The lane of a command. */
export function laneOf(command: Command): Lane {
  switch (command.kind) {
    case 'reserve':
      return 'reserve'
    case 'read-sku':
    case 'read-reservation':
    case 'list-skus':
      return 'read'
    case 'open':
    case 'amend':
    case 'adjust':
    case 'list-due':
    case 'describe':
      return 'server'
    default:
      return 'settle'
  }
}

/** Whether a queue of `length` out of `capacity` has room for one more of `lane`. */
export function hasRoom(lane: Lane, length: number, capacity: number): boolean {
  return length < capacity * SHARE[lane]
}
