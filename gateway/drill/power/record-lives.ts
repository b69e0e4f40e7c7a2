// Makes a recording: one server life after the other on one disk, most of them ended by kill -9, under the recorder.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DrillError } from '../errors.ts'
import { seededRandom } from '../random.ts'
import { buildRecorder } from './build-recorder.ts'
import { buildImage, type CrashImage, unsyncedAt, WHOLE } from './crash-image.ts'
import { firstDifference, writeImage } from './image-folder.ts'
import { layOut } from './lay-out.ts'
import type { Promises } from './promises.ts'
import { decodeRecords } from './record-format.ts'
import type { LifeOptions } from './recorded-life.ts'
import { type Recording, readRecording } from './recording.ts'
import { SEGMENT_BYTES_LARGE, SEGMENT_BYTES_SMALL } from './restart-image.ts'

const LIFE = fileURLToPath(new URL('./recorded-life.js', import.meta.url))
const COMMANDS_PER_LIFE = 130
/** A sync takes this much longer than it would, in µs, so that other writes get in its way. */
const SYNC_MICROS = 400
/** After how many records, or changes of names, a life is killed, at most. */
const KILL_AFTER_MAX = 350
const KILL_AFTER_NAMES_MAX = 40

const RECORDING_NAME = 'recording.bin'
const DISK_NAME = 'disk'
const ABOUT_NAME = 'drill.json'

/** The disk on which a recording begins, and what is owed on it. */
export interface RecordingStart {
  readonly image: CrashImage
  readonly promises: Promises
}

/** A recording with what is known of how it was made. */
export interface LivesRecorded {
  readonly recording: Recording
  /** Of the drill that made it. */
  readonly seed: number
  /** Why a server did not start, or failed; undefined when all but the killed ones ended well. */
  readonly failedStart: string | undefined
}

interface About {
  readonly seed: number
  /** Where the disk lay while it was recorded. */
  readonly disk: string
  readonly failedStart?: string | undefined
}

/**
 * Records `lives` lives into the folder `directory`, on the disk of `start` or an empty one.
 * @throws DrillError when there is no compiler, the first life on an empty disk fails, or the recorder missed
 * something.
 */
export async function recordLives(
  directory: string,
  lives: number,
  seed: number,
  start?: RecordingStart,
): Promise<void> {
  const disk = join(realpathSync(directory), DISK_NAME)
  writeImage(start?.image ?? new Map(), disk)
  if (start !== undefined) writeFileSync(join(directory, RECORDING_NAME), layOut(start, disk))
  const build = mkdtempSync(join(tmpdir(), 'holdfast-recorder-'))
  let failedStart: string | undefined
  try {
    const library = await buildRecorder(build)
    const random = seededRandom(seed)
    for (let life = 1; life <= lives && failedStart === undefined; life++) {
      const options = lifeOptions(directory, disk, seed + life, random() < 0.7)
      const kill = life === lives ? {} : chooseKill(random)
      failedStart = await runLife(options, { ...recorderVariables(library, options), ...kill })
      if (life === 1 && start === undefined && failedStart !== undefined)
        throw new DrillError('recording_failed', `The recorded server failed: ${failedStart}`)
    }
  } finally {
    rmSync(build, { recursive: true, force: true })
  }
  const about: About = { seed, disk, failedStart }
  writeFileSync(join(directory, ABOUT_NAME), `${JSON.stringify(about)}\n`)
  requireComplete(loadRecording(directory).recording, disk)
}

/** Reads the recording in the folder `directory`. @throws DrillError `recording_unreadable`. */
export function loadRecording(directory: string): LivesRecorded {
  const about = readOrExplain(directory, ABOUT_NAME)
  const bytes = readOrExplain(directory, RECORDING_NAME)
  const { seed, disk, failedStart } = JSON.parse(about.toString('utf8')) as About
  return { recording: readRecording(decodeRecords(bytes), disk), seed, failedStart }
}

function lifeOptions(directory: string, disk: string, seed: number, isSmall: boolean): LifeOptions {
  const recording = join(directory, RECORDING_NAME)
  const segmentBytes = isSmall ? SEGMENT_BYTES_SMALL : SEGMENT_BYTES_LARGE
  return { recording, disk, seed, commands: COMMANDS_PER_LIFE, segmentBytes }
}

function recorderVariables(library: string, options: LifeOptions): Record<string, string> {
  return {
    LD_PRELOAD: library,
    HOLDFAST_RECORD_FILE: options.recording,
    HOLDFAST_RECORD_ROOT: options.disk,
    HOLDFAST_RECORD_SYNC_MICROS: String(SYNC_MICROS),
    // Writes that the kernel is handed in a ring would pass the recorder by.
    UV_USE_IO_URING: '0',
  }
}

// The recorder ends the process between two records; changes of names are rare, so half of the kills aim at them.
function chooseKill(random: () => number): Record<string, string> {
  const [chance, place] = [random(), random()]
  if (chance < 0.1) return {}
  const count = (max: number) => String(1 + Math.floor(place * max))
  return chance < 0.55
    ? { HOLDFAST_RECORD_KILL_AFTER: count(KILL_AFTER_MAX) }
    : { HOLDFAST_RECORD_KILL_AFTER_NAMES: count(KILL_AFTER_NAMES_MAX) }
}

// Gives the reason when the life failed; a life that the recorder killed did not.
async function runLife(
  options: LifeOptions,
  variables: Record<string, string>,
): Promise<string | undefined> {
  const child: ChildProcess = spawn(process.execPath, [LIFE, JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...variables },
  })
  let complaint = ''
  child.stderr?.on('data', (text) => {
    complaint += text
  })
  // "close", not "exit": a snapshot that the life started holds the pipe, and must be over before the next life.
  const [status, signal] = (await once(child, 'close')) as [number | null, string | null]
  const isKilled = signal === 'SIGKILL' && Object.keys(variables).some(isKillVariable)
  if (status === 0 || isKilled) return undefined
  return complaint.trim() || `it ended with ${signal ?? `exit code ${status}`}`
}

function isKillVariable(name: string): boolean {
  return name.startsWith('HOLDFAST_RECORD_KILL_AFTER')
}

// A recording that kept everything must be the disk as it is: a call that the recorder does not know would show.
function requireComplete(recording: Recording, disk: string): void {
  const cut = recording.operations.length
  const kept = new Map(unsyncedAt(recording, cut).map((index) => [index, WHOLE]))
  const path = firstDifference(buildImage(recording, { cut, kept }), disk)
  if (path === undefined) return
  const message = `The recorder missed a change of ${path}: this machine's Node writes in a way that it does not know.`
  throw new DrillError('recorder_blind', message)
}

function readOrExplain(directory: string, name: string): Buffer {
  try {
    return readFileSync(join(directory, name))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new DrillError(
      'recording_unreadable',
      `${directory} holds no recording of a power drill: ${reason}`,
    )
  }
}
