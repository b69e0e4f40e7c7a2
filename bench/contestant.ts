// Who takes part in a scenario: Holdfast, a limit that cannot be passed, or a peer as its users would run it.

/** What one measured run came to. */
export interface Sample {
  /**
   * Reservations that were made, for good by the contestant's own durability, per second. Where a scenario measures
   * refusals, those; of a limit, which makes nothing, its answers.
   */
  readonly perSecond: number
  readonly requestsPerSecond: number
  readonly p50Ms?: number
  readonly p99Ms?: number
}

/**
 * Something that sells, or pretends to. `open` starts its servers on private ports, with its files below a temporary
 * folder; `run` may be called many times; `check` fails unless what was answered is there and nothing else.
 */
export interface Contestant {
  readonly name: string
  readonly role: 'ours' | 'limit' | 'peer'
  /** What has happened to a reservation when its answer leaves. */
  readonly durability: string
  open(): Promise<void>
  run(seconds: number): Promise<Sample>
  check(): Promise<void>
  close(): Promise<void>
}

/** A contestant that this machine has, or why it has not and what to install. */
export type Entry =
  | { readonly contestant: Contestant }
  | { readonly name: string; readonly skipped: string }
