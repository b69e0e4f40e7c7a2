// Tests that start real processes run the compiled code, so it must be there and fresh.
import { execFileSync } from 'node:child_process'

/** Runs once before all tests. */
export function setup(): void {
  execFileSync(process.execPath, ['bin/setup.js'], { stdio: 'inherit' })
}
