// Assertions that stay on in production. A failed one is a bug: the process must stop, never go on.

/**
 * Stops the caller when `condition` does not hold. Only the process' entry point catches what it throws.
 * @throws Error with `code` `HOLDFAST_BUG`, naming what must hold.
 */
export function invariant(condition: unknown, mustHold: string): asserts condition {
  if (!condition) throw new InvariantError(mustHold)
}

/** The end of a switch over a closed union: the compiler proves that it is never reached. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable value: ${String(value)}`)
}

/** A bug, by name: thrown by `invariant` and `unreachable` alone. */
export class InvariantError extends Error {
  readonly code = 'HOLDFAST_BUG'

  constructor(mustHold: string) {
    super(`bug: ${mustHold}`)
    this.name = 'InvariantError'
  }
}
