// Which partition owns a SKU. Every gateway and every journal must agree on it, for ever.
import type { RoutedCommand } from './command.ts'
import { fnv1a32 } from './fnv1a32.ts'
import { invariant } from './invariant.ts'
import type { ReservationId } from './reservation-id.ts'

/** The partition, from 0, that owns `sku` when there are `partitionCount`. */
export function partitionOfSku(sku: string, partitionCount: number): number {
  return partitionOfHash(fnv1a32(sku), partitionCount)
}

/** The partition, from 0, that owns a reservation: its id begins with the SKU's hash. */
export function partitionOfReservation(id: ReservationId, partitionCount: number): number {
  return partitionOfHash(id.skuHash, partitionCount)
}

/** The partition, from 0, that decides `command`. */
export function partitionOfCommand(command: RoutedCommand, partitionCount: number): number {
  return 'sku' in command
    ? partitionOfSku(command.sku, partitionCount)
    : partitionOfReservation(command.id, partitionCount)
}

function partitionOfHash(skuHash: number, partitionCount: number): number {
  invariant(partitionCount >= 1, 'there is at least one partition')
  return (skuHash >>> 0) % partitionCount
}
