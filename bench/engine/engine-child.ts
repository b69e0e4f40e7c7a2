// One run of the engine or of a limit in a process of its own, after a shorter one that warms the compiler up.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { answerParent } from '../answer-parent.ts'
import { type EngineRun, runEngine } from './engine-run.ts'
import { rawFileAppend, rawLmdbAppend } from './raw-append.ts'
import { type WorkloadName, workload, zipfReserves } from './workloads.ts'

const WARM_UP_SHARE = 0.3

export type RunnerName = 'raw LMDB' | 'raw file' | WorkloadName

export interface EngineQuestion {
  readonly runner: RunnerName
  readonly reservations: number
  /** An empty folder. */
  readonly path: string
}

export interface EngineReply {
  /** Reservations per second; of a limit, events. */
  readonly perSecond: number
  /** Undefined for a limit. */
  readonly engine: EngineRun | undefined
}

answerParent(async ({ runner, reservations, path }: EngineQuestion): Promise<EngineReply> => {
  await measure(runner, Math.ceil(reservations * WARM_UP_SHARE), join(path, 'warm-up'))
  globalThis.gc?.()
  return measure(runner, reservations, join(path, 'measured'))
})

async function measure(runner: RunnerName, count: number, path: string): Promise<EngineReply> {
  mkdirSync(path)
  if (runner === 'raw LMDB') {
    return { perSecond: await rawLmdbAppend(path, zipfReserves(count)), engine: undefined }
  }
  if (runner === 'raw file') {
    return { perSecond: await rawFileAppend(path, zipfReserves(count)), engine: undefined }
  }
  const engine = await runEngine(path, workload(runner, count))
  return { perSecond: count / engine.seconds, engine }
}
