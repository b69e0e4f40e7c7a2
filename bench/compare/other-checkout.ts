// Another revision of this project in a folder of its own, built and ready to be measured.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CHECKOUT, git } from '../checkout.ts'
import { BenchError } from '../errors.ts'

export interface OtherCheckout {
  readonly folder: string
  /** Its commit, abbreviated. */
  readonly commit: string
}

/**
 * A worktree of `revision` below the temporary folder, which takes it away again. What is installed here serves it, too,
 * when it asks for the same; else its set-up installs what it needs.
 *
 * @throws BenchError `unknown_revision`, or `build_failed` when it cannot be built.
 */
export function checkOutRevision(revision: string): OtherCheckout {
  const commit = git([
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ])
  if (commit === undefined) {
    throw new BenchError('unknown_revision', `git knows no commit ${revision} in this checkout`)
  }
  const folder = join(mkdtempSync(join(tmpdir(), 'revision-')), 'checkout')
  // Registered first, so that it happens however far the rest gets; by then the folder is gone.
  process.once('exit', () => git(['worktree', 'prune']))
  if (git(['worktree', 'add', '--detach', '--quiet', folder, commit]) === undefined) {
    throw new BenchError('build_failed', `git cannot check ${revision} out to ${folder}`)
  }
  build(folder, revision)
  return { folder, commit: commit.slice(0, 7) }
}

function build(folder: string, revision: string): void {
  if (isInstalledAlike(folder)) {
    symlinkSync(realpathSync(join(CHECKOUT, 'node_modules')), join(folder, 'node_modules'))
  }
  const setUp = join('bin', 'setup.js')
  const { status } = spawnSync(process.execPath, [setUp], { cwd: folder, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new BenchError('build_failed', `${revision} cannot be built, see above`)
}

// Both files count: the set-up installs again, into a folder that would be ours, when either differs.
function isInstalledAlike(folder: string): boolean {
  return ['package.json', 'package-lock.json'].every((name) => {
    const [theirs, ours] = [join(folder, name), join(CHECKOUT, name)]
    return existsSync(theirs) && readFileSync(theirs, 'utf8') === readFileSync(ours, 'utf8')
  })
}
