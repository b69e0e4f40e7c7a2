// One folder for everything that a run writes, which goes with the run, however that ends.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const EXIT_INTERRUPTED = 130
/** Others may pass through it, for servers that run as a user of their own. */
const PASSABLE = 0o711

/** Makes the folder. From now on it is what os.tmpdir() says, here and in every child. */
export function ownTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'))
  chmodSync(folder, PASSABLE)
  Object.assign(process.env, { TMPDIR: folder })
  process.once('exit', () => {
    // A server that was told to end may still be writing its last file.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(EXIT_INTERRUPTED))
  }
  return folder
}
