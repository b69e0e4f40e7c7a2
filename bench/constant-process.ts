// The constant server in a process of its own: the limit that HTTP benches are held against.
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { HOLDFAST_FLAGS } from './holdfast-flags.ts'

const CONSTANT = fileURLToPath(new URL('./constant-server.js', import.meta.url))

export interface ConstantProcess {
  readonly url: string
  stop(): Promise<void>
}

/** Starts it on a free port of 127.0.0.1. */
export async function startConstant(): Promise<ConstantProcess> {
  // Its log is nothing that a reader of the bench's stdout expects.
  const child = fork(CONSTANT, {
    execArgv: [...HOLDFAST_FLAGS],
    stdio: ['ignore', 'ignore', 2, 'ipc'],
  })
  const url = await new Promise<string>((resolve) => {
    child.once('message', (message) => resolve(String(message)))
  })
  return { url, stop: () => endChild(child) }
}

/** Ends a child and waits for it; one that has ended already is left as it is. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
