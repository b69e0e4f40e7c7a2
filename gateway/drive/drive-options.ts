// What a drive is told, complete: every default is the command's. And what it tells while it runs.
import type { Answer, Operation } from './operations.ts'
import type { Speed } from './pace.ts'
import type { OrderFile } from './read-lines.ts'

export interface DriveOptions extends OrderFile {
  /** Of the server, without a slash at the end. */
  readonly url: string
  /** Sent with every request; undefined for a server that asks for none. */
  readonly apiKey?: string | undefined
  /** Names this drive: the same run repeats the same requests. Visible ASCII, at most 64 characters. */
  readonly run: string
  /** 0 … 2^32 − 1. */
  readonly seed: number
  /** The share of reservations to leave unpaid, 0 … 1. */
  readonly abandonShare: number
  /** Opening stock as a share of each SKU's gross demand. */
  readonly stockShare: number
  readonly speed: Speed
  /** Batches in flight at most. */
  readonly concurrency: number
  /** Operations per batch, 1 … 1,000. */
  readonly batchSize: number
  readonly holdMs: number
  /** How long the server may go without answering anything. */
  readonly retryForMs: number
}

export type DrivePhase = 'survey' | 'open' | 'sell' | 'verify'

export interface DriveProgress {
  readonly phase: DrivePhase
  /** Lines of the file, or SKUs while opening and verifying. */
  readonly done: number
  /** Undefined while the file is surveyed for the first time. */
  readonly total: number | undefined
  readonly soldOutSkus: number
}

/** What another program may listen to; none of it may throw. */
export interface DriveHooks {
  /** Called with every answered operation, refusals included, in the order the answers arrive. */
  readonly onAcknowledged?: (operation: Operation, answer: Answer) => void
  /** Called often: several times per batch. */
  readonly onProgress?: (progress: DriveProgress) => void
  /** Called once per outage of the server, when nothing was answered for a second. */
  readonly onOutage?: (reason: string) => void
  /** Looked up before every request; `url` of the options when absent. */
  readonly baseUrl?: () => string
}
