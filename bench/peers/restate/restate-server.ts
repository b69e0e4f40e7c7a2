// One Restate node of the bench's own: free ports of 127.0.0.1, its files in a temporary folder, gone when it is stopped.
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { invariant } from '../../../core/invariant.ts'
import { KeptProcess } from '../kept-process.ts'

/** Where it listens. */
export interface Restate {
  readonly ingress: string
  readonly admin: string
  stop(): Promise<void>
}

interface LogLine {
  readonly span?: { readonly server_name?: string; readonly 'server.port'?: number }
}

/** Everything that decides over speed and durability stays as Restate has it. */
const WORDS = [
  ...['--node-name', 'bench', '--bind-ip', '127.0.0.1', '--listen-mode', 'tcp'],
  ...['--use-random-ports', 'true', '--log-format', 'json'],
]
const QUIET = { RESTATE_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: '1' }

/** Starts the program at `command`, and waits until both of its faces answer. */
export async function startRestate(command: string): Promise<Restate> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  const server = new KeptProcess({
    ...{ name: 'Restate', folder, command },
    // Its invokers spill into temporary folders, which it leaves behind when it is killed.
    environment: { ...QUIET, TMPDIR: folder },
    words: [...WORDS, '--base-dir', join(folder, 'data')],
    // Its files are thrown away: nothing is worth a minute of shutting down in order.
    stopSignal: 'SIGKILL',
  })
  try {
    return await server.ready(async () => {
      const log = readFileSync(join(folder, 'server.log'), 'utf8')
      const [ingress, admin] = [urlOf(log, 'http-ingress-server'), urlOf(log, 'admin-api-server')]
      await Promise.all([healthy(`${ingress}/restate/health`), healthy(`${admin}/health`)])
      return { ingress, admin, stop: () => server.stop() }
    })
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** It chooses its ports itself, and tells them in its log only. */
function urlOf(log: string, name: string): string {
  const whole = log.slice(0, log.lastIndexOf('\n') + 1).split('\n')
  const spans = whole.flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as LogLine).span]))
  const port = spans.find((span) => span?.server_name === name)?.['server.port']
  invariant(port !== undefined, `it has logged the port of ${name}`)
  return `http://127.0.0.1:${port}`
}

async function healthy(url: string): Promise<void> {
  const { status } = await fetch(url)
  invariant(status === 200, `${url} is well`)
}
