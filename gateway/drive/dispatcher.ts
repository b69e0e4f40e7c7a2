// Gathers operations into batches and keeps a bounded number of batches in flight. Knows no orders.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Operation } from './operations.ts'
import type { Purchase } from './purchase.ts'

/** An operation to be sent, and whom its answer concerns. */
export interface Job {
  readonly operation: Operation
  readonly purchase: Purchase
}

export interface DispatcherOptions {
  readonly batchSize: number
  readonly concurrency: number
  /** Resolves when every job of the batch was answered; may push further jobs meanwhile. */
  readonly send: (jobs: readonly Job[]) => Promise<void>
}

interface Waiter {
  readonly outstandingMax: number
  readonly resolve: () => void
  readonly reject: (failure: unknown) => void
}

/**
 * Sends batches as soon as they are full; partly filled ones only while whoever pushes is waiting.
 * Bounded when the pusher awaits `room` whenever it `isFull`.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #outstandingMax: number
  #followUps: Job[] = []
  #fresh: Job[] = []
  #inFlightBatches = 0
  #inFlightJobs = 0
  #isFlushing = false
  #waiter: Waiter | undefined
  #failure: { readonly cause: unknown } | undefined
  readonly #failed = new AbortController()

  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#outstandingMax = options.batchSize * options.concurrency * 2
  }

  /** Queues the first operation of an order. */
  push(job: Job): void {
    this.#fresh.push(job)
    this.#pump()
  }

  /**
   * Queues an operation that finishes what was begun: it goes out before all fresh ones, with the next batch
   * that leaves. Answers bring follow-ups by the hundred, so that each of them must not start its own batch.
   */
  pushFollowUp(job: Job): void {
    this.#followUps.push(job)
  }

  /** Whether `room` must be awaited before the next push. */
  isFull(): boolean {
    return this.#outstanding() >= this.#outstandingMax || this.#failure !== undefined
  }

  /** Resolves when half of the window is free. Rejects with the failure of any batch. */
  async room(): Promise<void> {
    // A trickle of room would cut the batches small.
    await this.#wait(this.#outstandingMax / 2)
  }

  /** Waits `ms`, while whatever is queued goes out. Rejects at once with the failure of any batch. */
  async pause(ms: number): Promise<void> {
    this.#isFlushing = true
    this.#pump()
    try {
      await sleep(ms, undefined, { signal: this.#failed.signal })
    } catch (error) {
      throw this.#failure === undefined ? error : this.#failure.cause
    }
    this.#isFlushing = false
  }

  /** Resolves when nothing is queued or in flight. Rejects with the failure of any batch. */
  async idle(): Promise<void> {
    await this.#wait(0)
  }

  #outstanding(): number {
    return this.#followUps.length + this.#fresh.length + this.#inFlightJobs
  }

  async #wait(outstandingMax: number): Promise<void> {
    const wait = new Promise<void>((resolve, reject) => {
      this.#waiter = { outstandingMax, resolve, reject }
    })
    this.#isFlushing = true
    this.#pump()
    this.#settleWaiter()
    await wait
    this.#isFlushing = false
  }

  #settleWaiter(): void {
    const waiter = this.#waiter
    if (waiter === undefined) return
    if (this.#failure !== undefined) waiter.reject(this.#failure.cause)
    else if (this.#outstanding() <= waiter.outstandingMax) waiter.resolve()
    else return
    this.#waiter = undefined
  }

  #pump(): void {
    const { batchSize, concurrency } = this.#options
    while (this.#inFlightBatches < concurrency && this.#failure === undefined) {
      const queued = this.#followUps.length + this.#fresh.length
      if (queued === 0 || (queued < batchSize && !this.#isFlushing)) return
      void this.#send(this.#take(batchSize))
    }
  }

  #take(size: number): Job[] {
    const jobs = this.#followUps.splice(0, size)
    if (jobs.length < size) jobs.push(...this.#fresh.splice(0, size - jobs.length))
    return jobs
  }

  async #send(jobs: readonly Job[]): Promise<void> {
    this.#inFlightBatches += 1
    this.#inFlightJobs += jobs.length
    try {
      await this.#options.send(jobs)
    } catch (cause) {
      this.#failure ??= { cause }
      this.#failed.abort()
    }
    this.#inFlightBatches -= 1
    this.#inFlightJobs -= jobs.length
    this.#pump()
    this.#settleWaiter()
  }
}
