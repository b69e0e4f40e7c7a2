// How V8 collects garbage in a process that sells.
import { setFlagsFromString } from 'node:v8'

/** The heap may grow to four times what lived at the last full collection before the next one. */
export const GROWING_PERCENT = 300

/**
 * Makes full collections rare: what lives on V8's heap is small and steady, since stock and reservations lie outside
 * it. While one runs, marking takes the core that commits need (DECISIONS.md).
 */
export function collectRarely(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`)
}
