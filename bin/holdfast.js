#!/usr/bin/env node
// The command `holdfast`. In a checkout it first makes itself ready, then hands over to the compiled CLI.
import { setUp } from './setup.js'

try {
  setUp()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

const { main } = await import('../dist/gateway/cli/main.js')
await main(process.argv)
