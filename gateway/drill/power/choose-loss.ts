// Chance: at which moment the power goes, and what of the unsynced reaches the disk. A seed and a number name a loss.
import { seededRandom } from '../random.ts'
import { type Kept, type PowerLoss, unsyncedAt, WHOLE } from './crash-image.ts'
import type { Operation, Recording } from './recording.ts'

/** Disks write whole sectors: a write is torn at a multiple of this, in bytes. */
const SECTOR_BYTES = 512
/** How far from a change of names the power goes, in operations, when it is aimed at one. */
const NEAR_OPERATIONS = 12
/** About four commits. */
const RECENT_OPERATIONS = 64
const SEED_STEP = 0x9e3779b1

type Random = () => number

/** Chooses the losses of one recording. */
export class LossChooser {
  readonly #recording: Recording
  readonly #nameChanges: readonly number[]

  constructor(recording: Recording) {
    this.#recording = recording
    this.#nameChanges = recording.operations.flatMap(({ kind }, index) =>
      kind === 'entries' && index >= recording.firstCut ? [index] : [],
    )
  }

  /** The loss that `seed` and the image's number stand for, whatever came before. */
  choose(seed: number, image: number): PowerLoss {
    const random = seededRandom(seed ^ Math.imul(image + 1, SEED_STEP))
    const cut = this.#chooseCut(random)
    const unsynced = unsyncedAt(this.#recording, cut)
    const kept = new Map<number, Kept>()
    const isTorn = random() < 0.5
    // What nobody ever syncs piles up; the newest changes are chosen from apart, or they would be lost among it.
    const oldest = cut - RECENT_OPERATIONS
    const recent = unsynced.filter((index) => index >= oldest)
    const older = unsynced.filter((index) => index < oldest)
    for (const index of [
      ...choosePattern(random)(older, random),
      ...choosePattern(random)(recent, random),
    ]) {
      const operation = this.#recording.operations[index] as Operation
      kept.set(index, isTorn && random() < 0.5 ? tear(operation, random) : WHOLE)
    }
    return { cut, kept }
  }

  // Most operations belong to plain commits; every other loss is aimed at the rare ones, where names change.
  #chooseCut(random: Random): number {
    const { firstCut } = this.#recording
    const last = this.#recording.operations.length
    const aimed = this.#nameChanges[Math.floor(random() * this.#nameChanges.length)]
    if (aimed === undefined || random() < 0.5)
      return firstCut + Math.floor(random() * (last + 1 - firstCut))
    const distance = Math.floor((2 * random() - 1) * NEAR_OPERATIONS)
    return Math.min(last, Math.max(firstCut, aimed + 1 + distance))
  }
}

type Pattern = (unsynced: readonly number[], random: Random) => readonly number[]

const keepNone: Pattern = () => []
const keepAll: Pattern = (unsynced) => unsynced
const keepFirst: Pattern = (unsynced, random) =>
  unsynced.slice(0, Math.floor(random() * (unsynced.length + 1)))
const keepOne: Pattern = (unsynced, random) => {
  const chosen = Math.floor(random() * unsynced.length)
  return unsynced.slice(chosen, chosen + 1)
}
const loseOne: Pattern = (unsynced, random) => {
  const chosen = Math.floor(random() * unsynced.length)
  return unsynced.filter((_, index) => index !== chosen)
}
const keepSome: Pattern = (unsynced, random) => {
  const share = random()
  return unsynced.filter(() => random() < share)
}

const PATTERNS: readonly Pattern[] = [
  ...[keepNone, keepAll, keepFirst, keepFirst],
  ...[keepOne, loseOne, keepSome, keepSome, keepSome],
]

function choosePattern(random: Random): Pattern {
  return PATTERNS[Math.floor(random() * PATTERNS.length)] ?? keepSome
}

// The disk got to one of the sectors of a write: what lies before it was kept, or what lies after.
function tear(operation: Operation, random: Random): Kept {
  if (operation.kind !== 'write') return WHOLE
  const { offset, bytes } = operation
  const firstEdge = SECTOR_BYTES - (offset % SECTOR_BYTES)
  const edges = Math.ceil((bytes.length - firstEdge) / SECTOR_BYTES)
  const hasSize = random() < 0.5
  // Within one sector a write is whole or not there at all.
  if (edges <= 0) return WHOLE
  const edge = firstEdge + Math.floor(random() * edges) * SECTOR_BYTES
  return random() < 0.7 ? { from: 0, to: edge, hasSize } : { from: edge, to: bytes.length, hasSize }
}
