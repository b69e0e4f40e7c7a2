// Node's flags for what is measured beside Holdfast, or in its stead: the same garbage collector for all.
import { GROWING_PERCENT } from '../gateway/collector.ts'

/** As bin/holdfast.js and gateway/collector.ts ask for. */
export const HOLDFAST_FLAGS: readonly string[] = [
  '--max-semi-space-size=64',
  `--heap-growing-percent=${GROWING_PERCENT}`,
]
