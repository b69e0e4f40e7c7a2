// Folders that end with what asked for them. Where the process ends before, they go with temporary-folder.ts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs with a new empty folder, which is removed afterwards. */
export async function inPrivateFolder<Result>(
  run: (path: string) => Promise<Result>,
): Promise<Result> {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  try {
    return await run(path)
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
}
