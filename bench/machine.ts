// What a figure was measured on, and how figures are put into words.
import { statfsSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'

/** What statfs(2) says of a file system on Linux. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  16914836: 'tmpfs',
  1481003842: 'xfs',
  2035054128: 'overlayfs',
  2435016766: 'btrfs',
}

/** One line about the machine, and the file system on which everybody's files lie. */
export function machineLine(): string {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const system = `${type()} ${release().split('-')[0]}`
  return `Node ${process.version}, ${cpus().length} × ${cpu?.model.trim() ?? 'unknown CPU'}, ${memory} GiB, ${system}, ${fileSystem()}`
}

/** Where the bench's files lie; on `tmpfs` nothing is durable, whatever a contestant calls. */
export function fileSystem(): string {
  if (type() !== 'Linux') return 'unknown file system'
  return FILE_SYSTEMS[statfsSync(tmpdir()).type] ?? 'another file system'
}

/** The middle of `values`. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** `median (min – max)` with thousands separated; one value stands alone. */
export function spread(values: readonly number[], digits = 0): string {
  const format = (value: number) =>
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  if (values.length === 1) return format(median(values))
  return `${format(median(values))} (${format(Math.min(...values))} – ${format(Math.max(...values))})`
}
