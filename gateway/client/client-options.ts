// How a client behaves: its options, their defaults and bounds.

/** Timers of every runtime hold this much. */
const MS_MAX: number = 2 ** 31 - 1

/** Each is a whole number from 1 on; docs/client.md is compared with the defaults. */
export interface ClientOptions {
  /** How long a call may take in all, its repeats included, in ms. */
  readonly deadlineMs?: number | undefined
  /** How long one attempt may take before it is repeated, in ms. */
  readonly attemptMs?: number | undefined
  /** Batches and calls on SKUs that are on their way at once. */
  readonly inFlightMax?: number | undefined
  /** Calls that may wait for their answers at once; one more is `client_busy`. */
  readonly pendingMax?: number | undefined
  /** Bound of the wait before the first repeat, in ms; it doubles. */
  readonly backoffMs?: number | undefined
  /** Bound of all waits between repeats, in ms, but for what Retry-After asks. */
  readonly backoffMsMax?: number | undefined
}

type CompleteOptions = { readonly [Name in keyof ClientOptions]-?: number }

export const CLIENT_DEFAULTS: CompleteOptions = {
  deadlineMs: 10_000,
  attemptMs: 3_000,
  inFlightMax: 8,
  pendingMax: 65_536,
  backoffMs: 50,
  backoffMsMax: 2_000,
}

/** Options with every default filled in. @throws RangeError when one makes no sense. */
export function completeOptions(options: ClientOptions): CompleteOptions {
  const choose = (name: keyof ClientOptions): number => {
    const value = options[name] ?? CLIENT_DEFAULTS[name]
    if (isCount(value)) return value
    throw new RangeError(`${name} is a whole number from 1 to ${MS_MAX}, not ${value}`)
  }
  return {
    deadlineMs: choose('deadlineMs'),
    attemptMs: choose('attemptMs'),
    inFlightMax: choose('inFlightMax'),
    pendingMax: choose('pendingMax'),
    backoffMs: choose('backoffMs'),
    backoffMsMax: choose('backoffMsMax'),
  }
}

/** Whether a value may stand for an option: a timer can hold it, and something can happen within it. */
export function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MS_MAX
}
