#!/usr/bin/env -S node --max-semi-space-size=64
// The command `holdfast`. In a checkout it first makes itself ready, then hands over to the compiled CLI.
// Answers wait for the disk, so a young generation of 16 MB promotes them; 64 MB lets them die young (DECISIONS.md).
import { setUp } from './setup.js'

try {
  setUp()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

const { main } = await import('../dist/gateway/cli/main.js')
await main(process.argv)
