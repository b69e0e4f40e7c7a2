// Holds a peer's server as its child: ends it and removes its folder as soon as the bench lets go, or is gone.
import { spawn } from 'node:child_process'
import { createWriteStream, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { KeptOptions } from './kept-process.ts'

/** A server that does not end when it is asked to is killed after this. */
const STOP_MS = 10_000
/** How much of what a failed server said is passed on. */
const SAID_CHARACTERS = 2_000

const options = JSON.parse(String(process.argv[2])) as KeptOptions
const logFile = join(options.folder, 'server.log')
const server = spawn(options.command, options.words, {
  cwd: options.folder,
  env: { ...process.env, ...options.environment },
  stdio: ['ignore', 'pipe', 'pipe'],
  ...options.owner,
})
const log = createWriteStream(logFile)
server.stdout.pipe(log, { end: false })
server.stderr.pipe(log, { end: false })
let isEnding = false

server.once('error', (error) => leave(`it cannot be run: ${error.message}`))
// All of its output has come by then; it is in the file once the stream has written it.
server.once('close', () => log.end(() => leave(isEnding ? '' : said())))
process.once('disconnect', end)
process.once('SIGTERM', end)
// The bench may have let go before anybody listened.
if (!process.connected) end()

function end(): void {
  isEnding = true
  server.kill(options.stopSignal)
  setTimeout(() => server.kill('SIGKILL'), STOP_MS).unref()
}

function said(): string {
  return readFileSync(logFile, 'utf8').slice(-SAID_CHARACTERS) || 'it said nothing'
}

function leave(words: string): void {
  rmSync(options.folder, { recursive: true, force: true })
  if (words === '' || !process.connected) process.exit()
  process.send?.(words, () => process.exit(1))
}
