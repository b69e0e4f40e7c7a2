// One owner per data directory. Each owner links a file named after its generation; the highest one counts.
// A generation is taken by link(2), which succeeds for one process only, and is never taken twice, so no lock
// can be stolen between looking and taking, and a dead owner's file is simply outnumbered.
import { randomUUID } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { JournalError } from './errors.ts'

const OWNER_NAME = /^owner-(\d{10})\.json$/

/** Who holds a directory. */
interface Owner {
  readonly pid: number
  readonly host: string
  /** The kernel's boot, the process namespace and the process' start: a reused pid is told from the owner. */
  readonly bootId: string
  readonly pidNamespace: string
  readonly startTicks: string
  readonly since: string
}

/**
 * Takes ownership of `directory` for this process and gives its generation, which grows with every owner.
 * @throws JournalError `journal_owned` when a live process holds it.
 */
export function takeOwnership(directory: string): number {
  mkdirSync(directory, { recursive: true })
  const newest = newestGeneration(directory)
  if (newest > 0) refuseIfAlive(directory, newest)
  const generation = newest + 1
  link(directory, generation)
  if (newestGeneration(directory) > generation) throw owned(directory, generation + 1)
  for (const older of generations(directory)) {
    if (older < generation) rmSync(ownerPath(directory, older), { force: true })
  }
  return generation
}

/** @throws JournalError `journal_owned` when a live process holds `directory`. Takes nothing. */
export function requireNoOwner(directory: string): void {
  const newest = newestGeneration(directory)
  if (newest > 0) refuseIfAlive(directory, newest)
}

/** The owner of `generation` in words. */
export function describeOwner(directory: string, generation: number): string {
  const owner = readOwner(directory, generation)
  return owner === undefined ? 'another process' : `process ${owner.pid} on ${owner.host}`
}

/** The generation that counts in `directory`; 0 when nobody ever owned it. */
export function newestGeneration(directory: string): number {
  return Math.max(0, ...generations(directory))
}

/** The file of the owner of `generation`. */
export function ownerPath(directory: string, generation: number): string {
  return join(directory, `owner-${String(generation).padStart(10, '0')}.json`)
}

/** Names this process among all that ever ran on this machine, for whoever must be told apart from it. */
export function processInstance(): string {
  return instanceOf(thisProcess())
}

/**
 * The `processInstance` of the last owner of `directory`, where this machine knows that it is dead: not of one that may
 * live on another machine or in another container. Ask it before `takeOwnership`.
 */
export function lastOwnerKnownDead(directory: string): string | undefined {
  const newest = existsSync(directory) ? newestGeneration(directory) : 0
  const owner = newest > 0 ? readOwner(directory, newest) : undefined
  if (owner === undefined || !isSurelyOfHere(owner)) return undefined
  return isAlive(owner) ? undefined : instanceOf(owner)
}

function instanceOf({ bootId, pidNamespace, pid, startTicks }: Owner): string {
  return [bootId, pidNamespace, pid, startTicks].join(' ')
}

// Where the kernel tells nothing, every process looks as if it were of here.
// Machines that were cloned while they ran share the boot, and hardly ever the name.
function isSurelyOfHere({ bootId, pidNamespace, host }: Owner): boolean {
  const here = thisProcess()
  if (bootId === '' || host !== here.host) return false
  return bootId === here.bootId && pidNamespace === here.pidNamespace
}

function link(directory: string, generation: number): void {
  const draft = join(directory, `.owner-${randomUUID()}`)
  writeFileSync(draft, `${JSON.stringify(thisProcess(), null, 2)}\n`)
  try {
    linkSync(draft, ownerPath(directory, generation))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw owned(directory, generation)
    throw cause
  } finally {
    rmSync(draft, { force: true })
  }
}

function refuseIfAlive(directory: string, generation: number): void {
  const owner = readOwner(directory, generation)
  if (owner !== undefined && isAlive(owner)) throw owned(directory, generation)
}

function owned(directory: string, generation: number): JournalError {
  const since = readOwner(directory, generation)?.since ?? 'just now'
  return new JournalError(
    'journal_owned',
    `${directory} is owned by ${describeOwner(directory, generation)} (since ${since}). ` +
      'Stop it first, or use another --data directory.',
  )
}

function readOwner(directory: string, generation: number): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(readFileSync(ownerPath(directory, generation), 'utf8'))
    return typeof owner === 'object' && owner !== null ? (owner as Owner) : undefined
  } catch {
    return undefined
  }
}

// Another boot or namespace is taken for the end of the process. Where that is wrong (two containers on one volume) the
// journal fences: two owners cannot both write the same seq. But one that opens it may take back a commit of that very
// moment (lmdb-file.ts).
function isAlive(owner: Owner): boolean {
  const here = thisProcess()
  if (owner.bootId !== here.bootId || owner.pidNamespace !== here.pidNamespace) return false
  if (owner.pid === here.pid) return owner.startTicks === here.startTicks
  try {
    process.kill(owner.pid, 0)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return owner.startTicks === startTicksOf(owner.pid)
}

function thisProcess(): Owner {
  return {
    pid: process.pid,
    host: hostname(),
    bootId: readOr('/proc/sys/kernel/random/boot_id', ''),
    pidNamespace: linkOr('/proc/self/ns/pid', ''),
    startTicks: startTicksOf(process.pid),
    since: new Date().toISOString(),
  }
}

// Field 22 of /proc/PID/stat; the command name before it may hold blanks, so count from its closing bracket.
// A zombie is dead to us: it holds no file any more.
function startTicksOf(pid: number): string {
  const stat = readOr(`/proc/${pid}/stat`, '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? '')
}

function generations(directory: string): number[] {
  return readdirSync(directory).flatMap((name) => {
    const digits = OWNER_NAME.exec(name)?.[1]
    return digits === undefined ? [] : [Number(digits)]
  })
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return otherwise
  }
}

function linkOr(path: string, otherwise: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return otherwise
  }
}
