// Folders that end with the run that asked for them, whatever ends it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const
const folders = new Set<string>()

/** Runs with a new empty folder, which is removed afterwards: also after a throw, a Ctrl-C or an exit in between. */
export async function inPrivateFolder<Result>(
  run: (path: string) => Promise<Result>,
): Promise<Result> {
  if (folders.size === 0) watch()
  const path = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  folders.add(path)
  try {
    return await run(path)
  } finally {
    remove(path)
    if (folders.size === 0) unwatch()
  }
}

function watch(): void {
  process.on('exit', removeAll)
  for (const signal of Object.keys(SIGNALS)) process.on(signal, endBySignal)
}

function unwatch(): void {
  process.off('exit', removeAll)
  for (const signal of Object.keys(SIGNALS)) process.off(signal, endBySignal)
}

function endBySignal(signal: keyof typeof SIGNALS): void {
  process.exit(SIGNALS[signal])
}

function removeAll(): void {
  for (const path of folders) remove(path)
}

function remove(path: string): void {
  folders.delete(path)
  rmSync(path, { recursive: true, force: true })
}
