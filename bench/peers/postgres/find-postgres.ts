// Where PostgreSQL's programs are, and as whom its server can be started: it refuses to run as root.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Owner } from '../kept-process.ts'

const DEBIAN = '/usr/lib/postgresql'
/** Users that a Debian has, and that own nothing which a server could harm. */
const USERS = ['postgres', 'nobody']

/** What to do where there is none. */
const HOW_TO_INSTALL = 'install PostgreSQL (Debian: apt-get install postgresql-15)'

/** Programs of one version, and who runs them. */
export interface Postgres {
  readonly folder: string
  /** Undefined: whoever runs the bench. */
  readonly owner: Owner | undefined
}

/** PostgreSQL by PATH, else by Debian's folders, the newest first; or why there is none, and what to do. */
export function findPostgres(
  { PATH = '' }: Readonly<Record<string, string | undefined>> = process.env,
  debian: string = DEBIAN,
): Postgres | { readonly missing: string } {
  const folder = [...PATH.split(delimiter), ...debianFolders(debian)].find(hasPrograms)
  if (folder === undefined) return { missing: HOW_TO_INSTALL }
  if (process.getuid?.() !== 0) return { folder, owner: undefined }
  const owner = USERS.map(ownerOf).find((one) => one !== undefined && canRun(folder, one))
  if (owner !== undefined) return { folder, owner }
  return {
    missing: `PostgreSQL refuses to run as root, and no process can be started as ${USERS.join(' or ')}: run the bench as another user`,
  }
}

function debianFolders(debian: string): string[] {
  if (!existsSync(debian)) return []
  const versions = readdirSync(debian).sort((one, other) => Number(other) - Number(one))
  return versions.map((version) => join(debian, version, 'bin'))
}

function hasPrograms(folder: string): boolean {
  return folder !== '' && ['initdb', 'postgres'].every((name) => isProgram(join(folder, name)))
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function ownerOf(user: string): Owner | undefined {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, user], { encoding: 'utf8' })
    return status === 0 ? Number(stdout) : undefined
  })
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

function canRun(folder: string, owner: Owner): boolean {
  return spawnSync(join(folder, 'initdb'), ['--version'], { ...owner, cwd: '/' }).status === 0
}
