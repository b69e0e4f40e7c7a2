// A power loss in words: where it came, and what of the unsynced was kept.
import { type Kept, type PowerLoss, unsyncedAt, WHOLE } from './crash-image.ts'
import type { Recording } from './recording.ts'

/** Operations before the cut that are shown. */
const SHOWN_BEFORE = 12

/** The loss, one line per operation that matters. */
export function describeLoss(recording: Recording, loss: PowerLoss): string[] {
  const { operations } = recording
  const textOf = (index: number) => `${index} ${operations[index]?.text ?? ''}`
  const first = Math.max(0, loss.cut - SHOWN_BEFORE)
  const before = Array.from({ length: loss.cut - first }, (_, offset) => textOf(first + offset))
  const unsynced = unsyncedAt(recording, loss.cut)
  return [
    `The power went after ${loss.cut} of ${operations.length} operations, the last of them:`,
    ...before.map((line) => `  ${line}`),
    `Not yet durable: ${unsynced.length} changes.`,
    ...unsynced.map((index) => `  ${fateOf(loss.kept.get(index))} ${textOf(index)}`),
  ]
}

function fateOf(kept: Kept | undefined): string {
  if (kept === undefined) return 'lost'
  if (kept === WHOLE) return 'kept'
  return `kept ${kept.from} to ${kept.to}${kept.hasSize ? ', and the size,' : ''} of`
}
