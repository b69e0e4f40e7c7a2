// Tests that start real processes run the compiled code, so it must be there and fresh.
import { setUp } from '../bin/setup.js'

/** Runs once before all tests. */
export function setup(): void {
  setUp()
}
