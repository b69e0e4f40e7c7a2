// What every scenario is told.

/** How much a bench measures. */
export interface BenchOptions {
  /** Pairs of runs, A B A B …; the median ratio counts. */
  readonly rounds: number
  /** Length of one run. */
  readonly seconds: number
  /** A short look instead of a full one: smaller journals, fewer points of a curve. */
  readonly isQuick: boolean
  /** Contestants that are limits or peers stay away. */
  readonly oursOnly?: boolean
}
