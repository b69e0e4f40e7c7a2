// How far the bench lets a partition grow: as far as it is told, and as this machine's memory and disk go.

const FULL = [10_000, 100_000, 1_000_000, 5_000_000, 10_000_000] as const
const QUICK = [10_000, 100_000, 300_000] as const
/** Generous: the state twice, while an index grows or is read back beside the one that sells, and what Node takes. */
const MEMORY_BYTES = 600
/** Generous: the journal, and two snapshots. */
const DISK_BYTES = 600

export interface Room {
  readonly memoryBytes: number
  readonly diskBytes: number
}

export interface Sizes {
  readonly measured: readonly number[]
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}

/** Live reservations at which is measured, from few to many; with a reason for each that this machine has no room for. */
export function sizesFor(isQuick: boolean, room: Room): Sizes {
  const wanted = isQuick ? QUICK : FULL
  const reasons = wanted.map((size) => ({ size, reason: reasonAgainst(size, room) }))
  return {
    measured: wanted.filter((_, index) => reasons[index]?.reason === undefined),
    skipped: reasons.flatMap(({ size, reason }) =>
      reason === undefined ? [] : [{ name: `${sizeName(size)} live reservations`, reason }],
    ),
  }
}

/** `5,000,000`. */
export function sizeName(size: number): string {
  return size.toLocaleString('en-US')
}

function reasonAgainst(size: number, { memoryBytes, diskBytes }: Room): string | undefined {
  if (size * MEMORY_BYTES > memoryBytes)
    return `needs ${inGibibytes(size * MEMORY_BYTES)} of memory`
  if (size * DISK_BYTES > diskBytes)
    return `needs ${inGibibytes(size * DISK_BYTES)} in the temporary folder`
  return undefined
}

function inGibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
