// Tests that start real processes run the compiled code, so it must be there and fresh; those of pages need a browser.
import { execFileSync } from 'node:child_process'
import { provideChromium } from './fixtures/chromium.ts'

/** Runs once before all tests. */
export function setup(): void {
  execFileSync(process.execPath, ['bin/setup.js'], { stdio: 'inherit' })
  provideChromium()
}
