// A subscriber's connection, whatever protocol it speaks.
import type { StockBatch } from './stock-batch.ts'

/** A reader that leaves more than this unread is dropped: what is not read must not pile up. */
export const UNREAD_BYTES_MAX: number = 64 * 1_024

export interface StockReader {
  /** Bytes that wait in this process for the reader. */
  readonly unreadBytes: number
  /** Sends a batch and gives the bytes that it came to. Must not throw. */
  tell(batch: StockBatch): number
  /** Sends a sign of life. Must not throw. */
  beat(): void
  /** Ends the connection well: nothing more comes. */
  end(): void
  /** Cuts it off. */
  drop(): void
}
