// What every scenario is told.

/** How much a bench measures. */
export interface BenchOptions {
  /** Pairs of runs, A B A B …; the median ratio counts. */
  readonly rounds: number
  /** Length of one HTTP run. */
  readonly seconds: number
  readonly json: boolean
}
