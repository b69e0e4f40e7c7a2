// What a start does with a directory, step by step, and what each step comes to: a state, or a fault.
import type { Partition } from '../../../core/partition.ts'
import { completeRules } from '../../../core/rules.ts'
import { stateHash } from '../../../core/state-hash.ts'
import { type PartitionPaths, partitionPaths } from '../../../journal/data-directory.ts'
import { JournalError } from '../../../journal/errors.ts'
import { lmdbReader } from '../../../journal/read-blocks.ts'
import { rebuild } from '../../../replay/rebuild.ts'
import { verify } from '../../../replay/verify.ts'
import { loadConfig } from '../../config.ts'
import { localTerms, type Recovered, recover } from '../../recover.ts'
import { serveSettings } from '../../settings.ts'

/**
 * In this order: `verify` checks everything; `replay` reads the whole journal; `rebuild` takes snapshot and tail; `start`
 * does as a server does and opens the journal for writing; `append` writes one block; then the whole journal is read
 * again, and snapshot and tail.
 */
export const STEPS = [
  ...(['verify', 'replay', 'rebuild', 'start', 'append', 'replay-again', 'rebuild-again'] as const),
] as const

export type Step = (typeof STEPS)[number]

/** What a step came to; the states of `append` and of what follows have the new block in them. */
export type Reading =
  | { readonly step: Step; readonly kind: 'state'; readonly stateHash: string }
  | {
      readonly step: Step
      readonly kind: 'fault'
      /** Undefined when it was no JournalError. */
      readonly code: string | undefined
      readonly message: string
    }

/** A directory to examine. */
export interface Examination {
  readonly data: string
  /** The first step to take: `rebuild` leaves out what a start does not do. */
  readonly from: 'verify' | 'rebuild'
  readonly segmentBytes: number
  readonly retentionMs: number
  /** The clock of the new owner, in ms since 1970. */
  readonly now: number
}

/** A server's, where the examination does not say otherwise. */
const SETTINGS = loadConfig(serveSettings, {}, {})

export type OnReading = (reading: Reading) => void | Promise<void>

/** Takes the steps until one fails that the next ones need; tells each step's reading. It changes the directory. */
export async function examine(examination: Examination, onReading: OnReading): Promise<void> {
  const paths = partitionPaths(examination.data, 0)
  const rebuildFrom = (snapshots: string | undefined) => () => rebuiltHash(paths, snapshots)
  if (examination.from === 'verify') {
    await onReading(await readVerify(paths))
    await onReading(await read('replay', rebuildFrom(undefined)))
  }
  const rebuilt = await read('rebuild', rebuildFrom(paths.snapshots))
  await onReading(rebuilt)
  if (rebuilt.kind === 'fault') return
  if (!(await startAndAppend(paths, examination, onReading))) return
  await onReading(await read('replay-again', rebuildFrom(undefined)))
  await onReading(await read('rebuild-again', rebuildFrom(paths.snapshots)))
}

async function startAndAppend(
  paths: PartitionPaths,
  examination: Examination,
  onReading: OnReading,
): Promise<boolean> {
  let recovered: Recovered | undefined
  const started = await read('start', async () => {
    recovered = await startOn(paths, examination)
    return stateHash(recovered.state)
  })
  await onReading(started)
  if (recovered === undefined) return false
  const { partition, journal, state } = recovered
  const appended = await read('append', async () => {
    await appendBlock(partition, journal, examination.now)
    return stateHash(state)
  })
  await journal.close()
  await onReading(appended)
  return appended.kind === 'state'
}

function startOn(paths: PartitionPaths, examination: Examination): Promise<Recovered> {
  const { segmentBytes, retentionMs, now } = examination
  return recover({
    ...{ paths, partition: 0, partitionCount: 1, beginTerm: localTerms(1), now: () => now },
    settings: { ...SETTINGS, segmentBytes, retentionMs },
    onSkippedSnapshot: () => undefined,
  })
}

async function appendBlock(
  partition: Partition,
  journal: Recovered['journal'],
  now: number,
): Promise<void> {
  const rules = completeRules({})
  const ticket = { answer: () => undefined }
  const sku = 'opened after the damage'
  partition.submit({ kind: 'open', sku, stock: 1, rules, by: undefined }, ticket)
  partition.run(now)
  const block = partition.takeBlock()
  if (block !== undefined) await journal.append(block)
}

async function rebuiltHash(paths: PartitionPaths, snapshots: string | undefined): Promise<string> {
  const { state } = await rebuild({
    ...{ reader: lmdbReader(paths.journal), snapshots, seed: 1 },
    ...{ expected: { partition: 0, partitionCount: 1 }, onSkippedSnapshot: () => undefined },
  })
  return stateHash(state)
}

// The first discrepancy is the fault that a verification reports.
async function readVerify(paths: PartitionPaths): Promise<Reading> {
  try {
    const { discrepancies, stateHash: hash } = await verify(paths)
    const [first] = discrepancies
    if (first === undefined) return { step: 'verify', kind: 'state', stateHash: hash }
    const message = `${first.where}: ${first.what}`
    return { step: 'verify', kind: 'fault', code: first.broken, message }
  } catch (fault) {
    return readFault('verify', fault)
  }
}

async function read(step: Step, hashOf: () => Promise<string>): Promise<Reading> {
  try {
    return { step, kind: 'state', stateHash: await hashOf() }
  } catch (fault) {
    return readFault(step, fault)
  }
}

function readFault(step: Step, fault: unknown): Reading {
  if (fault instanceof JournalError) {
    return { step, kind: 'fault', code: fault.code, message: fault.message }
  }
  const message = fault instanceof Error ? `${fault.name}: ${fault.message}` : String(fault)
  return { step, kind: 'fault', code: undefined, message }
}
