// Restate's server, fetched when it is asked for: at 81 MB it is no dependency of a project that never runs it.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PACKAGE = '@restatedev/restate-server'
const VERSION = '1.7.12'
const FETCH_MS = 120_000
const BY_HAND = `npm install ${PACKAGE}@${VERSION}`

/** The path of the program, from the user's cache or else from npm; or why there is none, and what to do. */
export async function fetchRestate(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | { readonly missing: string }> {
  const { XDG_CACHE_HOME = join(homedir(), '.cache') } = environment
  const folder = join(XDG_CACHE_HOME, 'holdfast-bench', `restate-${VERSION}`)
  const platform = `${PACKAGE}-${process.platform}-${process.arch}`
  const program = join(folder, 'node_modules', platform, 'bin', 'restate-server')
  if (existsSync(program)) return program
  process.stderr.write(`fetching ${PACKAGE}@${VERSION} …\n`)
  try {
    mkdirSync(folder, { recursive: true })
    await install(folder)
  } catch (error) {
    return { missing: `${BY_HAND} failed: ${firstLine(error)}` }
  }
  return existsSync(program) ? program : { missing: `there is no ${platform}` }
}

/** Without scripts: the package's own only count installations. */
async function install(folder: string): Promise<void> {
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  const words = ['install', '--prefix', folder, ...quiet, `${PACKAGE}@${VERSION}`]
  await promisify(execFile)('npm', words, { timeout: FETCH_MS })
}

function firstLine(error: unknown): string {
  const { killed, message } = error as Error & { readonly killed?: boolean }
  if (killed === true) return `it took more than ${FETCH_MS / 1_000} s`
  return message.split('\n').find((line) => line.startsWith('npm error')) ?? message
}
