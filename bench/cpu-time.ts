// Processor time of other processes, as Linux counts it.
import { readFileSync } from 'node:fs'

/** Ticks a second, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Processor time that process `pid` has used so far, its threads included, in ms; NaN where there is no /proc. */
export function cpuTimeMs(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The command name may hold blanks: count from its closing bracket. Fields 14 and 15 are user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND
  } catch {
    return Number.NaN
  }
}
