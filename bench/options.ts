// What every scenario is told.

/** How much a bench measures. */
export interface BenchOptions {
  /** Pairs of runs, A B A B …; the median ratio counts. */
  readonly rounds: number
  /** Length of one HTTP run. */
  readonly seconds: number
  /** Streams of live stock. */
  readonly subscribers: number
  readonly json: boolean
}
