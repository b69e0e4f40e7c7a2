import { readdirSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'

const patience = { testTimeout: 60_000, hookTimeout: 60_000 }

/** Replaces a module, which another file of the same process may have loaded already. */
const NEEDS_OWN_PROCESS = /\bvi\.mock\(/

const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .map((path) => `test/${path.replaceAll('\\', '/')}`)
  .filter((path) => path.endsWith('.test.ts'))
const apart = tests.filter((path) => NEEDS_OWN_PROCESS.test(readFileSync(path, 'utf8')))

export default defineConfig({
  test: {
    // Of the whole run, not of the projects: it builds, which two must not do at a time.
    globalSetup: ['test/global-setup.ts'],
    // Two cores, and one more for the tests that wait for leases and sockets.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Files share processes: a process for each file, with all its imports, cost a third of the run.
      {
        test: {
          ...patience,
          name: 'all',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: apart,
        },
      },
      { test: { ...patience, name: 'apart', include: apart } },
      {
        test: {
          ...patience,
          name: 'http-over-nats',
          isolate: false,
          include: ['test/gateway/http/**/*.test.ts'],
          env: { HOLDFAST_TEST_TRANSPORT: 'nats' },
        },
      },
    ],
  },
})
