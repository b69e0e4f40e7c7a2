import { defineConfig } from 'vitest/config'

const patience = { testTimeout: 60_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    // Of the whole run, not of the projects: it builds, which two must not do at a time.
    globalSetup: ['test/global-setup.ts'],
    // Two cores, and one more for the tests that wait for leases and sockets.
    maxWorkers: 3,
    projects: [
      { test: { ...patience, name: 'all', include: ['test/**/*.test.ts'] } },
      {
        test: {
          ...patience,
          name: 'http-over-nats',
          include: ['test/gateway/http/**/*.test.ts'],
          env: { HOLDFAST_TEST_TRANSPORT: 'nats' },
        },
      },
    ],
  },
})
