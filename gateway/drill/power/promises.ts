// What the journal owes after a power loss, and whether a restarted server pays it.
import type { Recording } from './recording.ts'

/** What a restart on an image came to. */
export type Found =
  | {
      readonly kind: 'started'
      /** Where the rebuilt journal ended, and the hash of its state. */
      readonly seq: number
      readonly hash: string
      /** The state after one more block, live and rebuilt from the whole journal: the same, or something is wrong. */
      readonly liveHash: string
      readonly rebuiltHash: string
      /** Why snapshots that have their name could not be read. */
      readonly skippedSnapshots: readonly string[]
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'died'; readonly reason: string }

/** `half-written` is a snapshot that got its name before its bytes; replay took its place, this time. */
export type BreachKind = 'lost' | 'wrong' | 'refused' | 'died' | 'half-written'

/** A promise that was not kept. */
export interface Breach {
  readonly kind: BreachKind
  readonly text: string
}

/** What is owed at a cut. */
export interface Promises {
  /** The highest seq that anybody was told of. */
  readonly acknowledged: number
  /** Hash of the state by the seqs that the journal may end at. */
  readonly hashes: ReadonlyMap<number, string>
}

/** What `recording` owes after its first `cut` operations. */
export function promisesAt(recording: Recording, cut: number): Promises {
  let acknowledged = 0
  const hashes = new Map<number, string>()
  for (let index = 0; index < cut; index++) {
    const note = recording.operations[index]?.note
    if (note === undefined || note.kind === 'begin') continue
    if (note.kind !== 'acknowledged') {
      // What a process killed before it had not committed is never heard of again.
      if (note.kind === 'life') forgetAfter(hashes, note.seq)
      hashes.set(note.seq, note.hash)
    }
    if (note.kind !== 'block') acknowledged = Math.max(acknowledged, note.seq)
  }
  return { acknowledged, hashes }
}

/** Holds what was found against what was owed; undefined when every promise was kept. */
export function judge(promises: Promises, emptyHash: string, found: Found): Breach | undefined {
  if (found.kind !== 'started') return { kind: found.kind, text: found.reason }
  const { seq, hash } = found
  const { acknowledged } = promises
  if (seq < acknowledged) {
    return {
      kind: 'lost',
      text: `the journal ends at seq ${seq}, seq ${acknowledged} was acknowledged`,
    }
  }
  const owed = seq === 0 ? emptyHash : promises.hashes.get(seq)
  if (owed === undefined) {
    return { kind: 'wrong', text: `the journal ends at seq ${seq}, where no block ever ended` }
  }
  if (owed !== hash)
    return { kind: 'wrong', text: `at seq ${seq} the state is ${hash}, not ${owed}` }
  if (found.liveHash !== found.rebuiltHash) {
    const text = `after one more block the state is ${found.liveHash}, and rebuilt ${found.rebuiltHash}`
    return { kind: 'wrong', text }
  }
  const [skipped] = found.skippedSnapshots
  return skipped === undefined ? undefined : { kind: 'half-written', text: skipped }
}

/** What the recorded processes themselves broke: each starts on what a kill -9 or a power loss left. */
export function breachesOfLives(recording: Recording, emptyHash: string): Breach[] {
  return recording.operations.flatMap(({ note }, index) => {
    if (note?.kind !== 'life') return []
    const { seq, hash } = note
    const after = { liveHash: hash, rebuiltHash: hash, skippedSnapshots: [] }
    const found: Found = { kind: 'started', seq, hash, ...after }
    const breach = judge(promisesAt(recording, index), emptyHash, found)
    if (breach === undefined) return []
    return [{ kind: breach.kind, text: `a server of the recording itself: ${breach.text}` }]
  })
}

function forgetAfter(hashes: Map<number, string>, seq: number): void {
  for (const later of [...hashes.keys()]) if (later > seq) hashes.delete(later)
}
