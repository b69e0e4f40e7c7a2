// Once a second, what an operator needs to see: rates, health, the process, the partitions. Kept for ten minutes.
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { RequestRecorder } from '../http/request-recorder.ts'
import type { PartitionStatus } from '../owner-status.ts'
import type { Answer } from '../partition-port.ts'
import type { Partitions } from '../partitions.ts'
import { CallRates, type CallSample } from './call-rates.ts'

/** Between two samples. */
export const SAMPLE_MS = 1_000
/** Ten minutes of samples: what the page draws when it opens. */
const SAMPLES_KEPT = 600
const LOOP_RESOLUTION_MS = 20
const NANOSECONDS_PER_MS = 1e6

/** What the rest of the process can tell about itself, as of now. */
export interface ProcessGauges {
  /** Requests that wait for their answers. */
  readonly inFlight: () => number
  /** Calls that were shed since the start. */
  readonly shed: () => number
  /** Who listens to live stock. */
  readonly subscribers: () => number
}

export interface SamplerOptions {
  readonly recorder: RequestRecorder
  readonly partitions: Partitions
  /** Wall clock in ms since 1970. */
  readonly now: () => number
  readonly gauges: ProcessGauges
}

interface ProcessSample {
  readonly loopP99Ms: number
  readonly rssBytes: number
  readonly inFlight: number
  readonly shedPerSecond: number
  readonly subscribers: number
}

/** What one second came to, without the partitions: this is what is kept. */
export interface Sample {
  /** When it was taken, in ms since 1970. */
  readonly at: number
  readonly reasons: readonly string[]
  readonly calls: CallSample
  readonly process: ProcessSample
  /** The slowest partition's; undefined when none was asked, because nobody watched. */
  readonly commitP99Ms: number | undefined
}

/** A partition as the page shows it: what it said of itself, or why it said nothing. */
export type PartitionLine =
  | { readonly partition: number; readonly fault: string }
  | (Omit<PartitionStatus, 'kind' | 'lastSeq'> & {
      readonly partition: number
      readonly lastSeq: string
    })

/** What a watcher gets every second. */
interface FullSample extends Sample {
  readonly uptimeMs: number
  readonly partitions: readonly PartitionLine[]
}

type Watcher = (sample: FullSample) => void

/** Takes a sample each second. Partitions are asked only while somebody watches. */
export class Sampler {
  readonly #options: SamplerOptions
  readonly #rates: CallRates
  readonly #watchers = new Set<Watcher>()
  readonly #kept: Sample[] = []
  #loop: IntervalHistogram | undefined
  #timer: NodeJS.Timeout | undefined
  #takenAtMs = 0
  #shed = 0
  #lines: readonly PartitionLine[] = []
  #isAsking = false

  constructor(options: SamplerOptions) {
    this.#options = options
    this.#rates = new CallRates(options.recorder)
  }

  /** Samples of the last ten minutes, oldest first. */
  get kept(): readonly Sample[] {
    return this.#kept
  }

  /** Begins to take samples; once is enough. */
  start(): void {
    if (this.#timer !== undefined) return
    this.#takenAtMs = performance.now()
    this.#loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS })
    this.#loop.enable()
    this.#timer = setInterval(() => this.#tick(), SAMPLE_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#loop?.disable()
  }

  /** Calls `watcher` with every sample until the returned function is called. It must not throw. */
  watch(watcher: Watcher): () => void {
    this.start()
    this.#watchers.add(watcher)
    // So that the next sample can tell.
    void this.#askPartitions()
    return () => this.#watchers.delete(watcher)
  }

  #tick(): void {
    const sample = this.#take()
    this.#kept.push(sample)
    if (this.#kept.length > SAMPLES_KEPT) this.#kept.shift()
    if (this.#watchers.size === 0) return
    const full = {
      ...sample,
      uptimeMs: Math.round(process.uptime() * 1_000),
      partitions: this.#lines,
    }
    for (const watcher of this.#watchers) watcher(full)
    void this.#askPartitions()
  }

  #take(): Sample {
    const nowMs = performance.now()
    const elapsedMs = Math.max(1, nowMs - this.#takenAtMs)
    this.#takenAtMs = nowMs
    const { now, partitions } = this.#options
    return {
      at: now(),
      reasons: partitions.unreadyReasons(),
      calls: this.#rates.take(elapsedMs),
      process: this.#takeProcess(elapsedMs),
      commitP99Ms: this.#watchers.size === 0 ? undefined : slowestCommitMs(this.#lines),
    }
  }

  #takeProcess(elapsedMs: number): ProcessSample {
    const { inFlight, shed, subscribers } = this.#options.gauges
    const delayMs = (this.#loop?.percentile(99) ?? 0) / NANOSECONDS_PER_MS
    this.#loop?.reset()
    const shedBefore = this.#shed
    this.#shed = shed()
    return {
      loopP99Ms: Math.round(Math.max(0, delayMs - LOOP_RESOLUTION_MS) * 100) / 100,
      rssBytes: process.memoryUsage.rss(),
      inFlight: inFlight(),
      shedPerSecond: Math.round(((this.#shed - shedBefore) * 1_000) / elapsedMs),
      subscribers: subscribers(),
    }
  }

  // A partition that is slow to answer holds nothing up: until it does, the page shows what was known.
  async #askPartitions(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    try {
      this.#lines = (await this.#options.partitions.describe(false)).map(lineOf)
    } finally {
      this.#isAsking = false
    }
  }
}

function lineOf(answer: Answer, partition: number): PartitionLine {
  if (answer.kind === 'fault') return { partition, fault: answer.code }
  if (answer.kind !== 'partition') return { partition, fault: 'outcome_unknown' }
  const { kind: _, lastSeq, ...more } = answer
  return { partition, lastSeq: String(lastSeq), ...more }
}

function slowestCommitMs(lines: readonly PartitionLine[]): number | undefined {
  let slowestMs: number | undefined
  for (const line of lines) {
    const commitMs = 'fault' in line ? undefined : line.owner?.commitP99Ms
    if (commitMs !== undefined) slowestMs = Math.max(slowestMs ?? 0, commitMs)
  }
  return slowestMs
}
