// Where a process keeps the numbers that its metrics tell.
import type { CommitMeter } from '../commit-meter.ts'
import type { RequestRecorder } from '../http/request-recorder.ts'
import type { OwnerMeasures } from './partition-metrics.ts'

/** Where the numbers are; what a process does not have is left out. */
export interface MetricsSources {
  /** The command that started the process. */
  readonly role: 'serve' | 'core' | 'gateway'
  readonly version: string
  readonly recorder?: RequestRecorder
  /** The partition that the process owns. */
  readonly owner?: OwnerSource
  /** Whether NATS is there. */
  readonly isNatsUp?: () => boolean
  /** Who listens to live stock. */
  readonly stream?: StreamCounts
  /** How much comes, and what was turned away. */
  readonly load?: ProcessLoad
}

/** An owner whose measures can be taken at any time; PartitionHost is one. */
export interface OwnerSource {
  readonly commits: CommitMeter
  /** Undefined before recovery. */
  measure(): OwnerMeasures | undefined
}

/** Listeners to live stock, as gauges and counters read them. */
interface StreamCounts {
  readonly subscribers: number
  /** Listeners that were dropped because they read too slowly, since the start. */
  readonly dropped: number
}

/** How much a process has to do, as gauges and counters read it. */
export interface ProcessLoad {
  /** Requests that wait for their answers. */
  readonly inFlight: number
  /** Requests that were turned away before any route saw them, by lane, since the start. */
  readonly shed: { readonly reserve: number; readonly read: number }
}
