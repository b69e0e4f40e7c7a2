// What can go wrong with a bench before anything is measured.

/** The bench cannot go on; `code` is stable. */
export class BenchError extends Error {
  readonly code: 'unknown_revision' | 'build_failed' | 'run_failed'

  constructor(code: BenchError['code'], message: string) {
    super(message)
    this.name = 'BenchError'
    this.code = code
  }
}
