// Makes the checkout ready to run: installs when node_modules is missing or stale, builds when dist is.
// Plain Node on purpose: it runs before anything is installed. A packed release without sources needs neither.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const rooms = ['core', 'journal', 'gateway', 'replay', 'bench']
/** The console's files: served as they are, so the build only copies them. */
const page = join('gateway', 'console', 'page')
/** What says how to build, beside the sources. */
const recipe = ['tsconfig.json', 'tsconfig.build.json', join('bin', 'bundle.js')]
const installStamp = join(root, 'node_modules', '.holdfast-install')
const buildStamp = join(root, 'dist', '.holdfast-build')

/** Installs and builds what is stale; throws an Error that says which command failed. */
export function setUp() {
  if (!existsSync(join(root, 'tsconfig.build.json'))) return
  const installed = digest(['package.json', 'package-lock.json'].map((name) => join(root, name)))
  if (readStamp(installStamp) !== installed) {
    // Not `npm ci`: it insists on lock entries for other platforms' binaries, which not every registry carries.
    run('installing dependencies', npmCommand(), ['install', '--no-save', '--loglevel=error'])
    writeFileSync(installStamp, installed)
  }
  const built = digest([...sources(), ...recipe.map((name) => join(root, name)), installStamp])
  if (readStamp(buildStamp) !== built) build(built)
}

/** Builds beside and renames, so that no other process ever finds half a build. */
function build(stamp) {
  const draft = join(root, `dist-${process.pid}`)
  try {
    const compile = [compilerPath(), '-p', 'tsconfig.build.json', '--outDir', draft]
    run('building', process.execPath, compile)
    run('bundling', process.execPath, [join(root, 'bin', 'bundle.js'), draft])
    cpSync(join(root, page), join(draft, page), { recursive: true })
    writeFileSync(join(draft, basename(buildStamp)), stamp)
    rmSync(join(root, 'dist'), { recursive: true, force: true })
    renameSync(draft, join(root, 'dist'))
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

function sources() {
  return rooms.flatMap((room) => {
    const folder = join(root, room)
    if (!existsSync(folder)) return []
    return readdirSync(folder, { recursive: true })
      .filter((name) => name.endsWith('.ts') || join(room, name).startsWith(join(page, '/')))
      .sort()
      .map((name) => join(folder, name))
  })
}

function digest(paths) {
  const hash = createHash('sha256')
  for (const path of paths) hash.update(path.slice(root.length)).update(readFileSync(path))
  return hash.digest('hex')
}

function readStamp(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function npmCommand() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm'
}

function compilerPath() {
  return join(root, 'node_modules', 'typescript', 'bin', 'tsc')
}

// Progress goes to stderr, so that `npx holdfast … --json | jq` stays clean on the first run too.
function run(what, command, args) {
  process.stderr.write(`holdfast: ${what} …\n`)
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, NODE_ENV: 'development' },
  })
  if (error) throw error
  if (status !== 0)
    throw new Error(`holdfast: ${what} failed: ${command} ${args.join(' ')} exited ${status}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    setUp()
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  }
}
