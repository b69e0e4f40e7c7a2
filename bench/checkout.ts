// The checkout that is measured: its folder, and which revision it is.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The project's folder, as seen from the sources and from the compiled code. */
export const CHECKOUT: string = folderAbove(dirname(fileURLToPath(import.meta.url)))

/** `43cfed3`, with `+ changes` where files differ from it; `unknown revision` outside of git. */
export function revision(): string {
  const commit = git(['rev-parse', '--short', 'HEAD'])
  if (commit === undefined) return 'unknown revision'
  return git(['status', '--porcelain']) === '' ? commit : `${commit} + changes`
}

/** What git says in the checkout, trimmed; undefined when it refuses or is not there. */
export function git(words: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', words, { cwd: CHECKOUT, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

function folderAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : folderAbove(dirname(folder))
}
