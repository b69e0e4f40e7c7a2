// The whole drill: recordings, a share of the power losses on each, one report. What broke a promise is kept.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LossChooser } from './choose-loss.ts'
import { buildImage } from './crash-image.ts'
import { describeLoss } from './describe-loss.ts'
import { writeImage } from './image-folder.ts'
import {
  type PowerSearchOptions,
  type PowerSearchReport,
  type ReportedBreach,
  searchRecording,
} from './power-search.ts'
import { type BreachKind, promisesAt } from './promises.ts'
import { loadRecording, type RecordingStart, recordLives } from './record-lives.ts'

/** A recording is made anew after this many images: other timing, other kills. */
const IMAGES_PER_RECORDING = 2_000
/** Seeds of one drill's recordings lie this far apart: each life takes one. */
const SEEDS_PER_RECORDING = 1_000
/** Broken promises that are reported one by one; all are counted. */
const REPORTED_MAX = 5

export interface PowerDrillOptions
  extends Pick<PowerSearchOptions, 'images' | 'endsAt' | 'scratch' | 'onImage'> {
  /** Folder for the recordings. */
  readonly directory: string
  /** Servers in a recording, one after the other. */
  readonly lives: number
  readonly seed: number
}

/** What the drill found; all from `lost` on must be 0. */
export interface PowerDrillReport {
  readonly seed: number
  readonly recordings: number
  readonly images: number
  /** Operations in the recordings: after each of them the power may go. */
  readonly operations: number
  /** The highest seqs that the recorded servers acknowledged, added up. */
  readonly acknowledged: number
  readonly lost: number
  readonly wrong: number
  readonly refused: number
  readonly died: number
  /** Snapshots that had their name and could not be read. */
  readonly halfWritten: number
  /** The first ones. */
  readonly breaches: readonly ReportedBreach[]
}

/** Records and searches. @throws DrillError when it could not be carried out. */
export async function powerDrill(options: PowerDrillOptions): Promise<PowerDrillReport> {
  const { directory, lives, seed, endsAt, scratch, onImage } = options
  const reports: PowerSearchReport[] = []
  let left = options.images
  let start: RecordingStart | undefined
  for (let number = 0; left > 0 && performance.now() < endsAt; number++) {
    const recording = join(directory, `recording-${number + 1}`)
    mkdirSync(recording)
    await recordLives(recording, lives, seed + number * SEEDS_PER_RECORDING, start)
    const images = Math.min(left, IMAGES_PER_RECORDING)
    const rest = { firstImage: 0, seed: undefined, endsAt, scratch, onImage }
    const report = await searchRecording({ recording, images, ...rest })
    // Every other recording begins on what a power loss left of the one before: a loss after a loss.
    const isSound = report.breaches.length === 0
    start = isSound && start === undefined ? afterLoss(recording, images) : undefined
    if (isSound) rmSync(recording, { recursive: true })
    reports.push(report)
    left -= images
  }
  return sumOf(seed, reports)
}

/** Tries images of a recording that an earlier drill left. @throws DrillError when there is none. */
export async function repeatDrill(options: PowerSearchOptions): Promise<PowerDrillReport> {
  const report = await searchRecording(options)
  return sumOf(report.seed, [report])
}

/** Writes image `image` of a recording into its folder; gives what it is, in words. */
export function keepImage(directory: string, seed: number | undefined, image: number): string[] {
  const lives = loadRecording(directory)
  const loss = new LossChooser(lives.recording).choose(seed ?? lives.seed, image)
  const place = join(directory, `image-${image}`)
  rmSync(place, { recursive: true, force: true })
  writeImage(buildImage(lives.recording, loss), place)
  const where = `The image is in ${place}; holdfast replay verify ${join(place, 'data')}`
  return [...describeLoss(lives.recording, loss), where]
}

function afterLoss(directory: string, image: number): RecordingStart {
  const { recording, seed } = loadRecording(directory)
  const loss = new LossChooser(recording).choose(seed, image)
  return { image: buildImage(recording, loss), promises: promisesAt(recording, loss.cut) }
}

function sumOf(seed: number, reports: readonly PowerSearchReport[]): PowerDrillReport {
  const breaches = reports.flatMap((report) => report.breaches)
  const count = (kind: BreachKind) => breaches.filter((breach) => breach.kind === kind).length
  const sum = (name: 'images' | 'operations' | 'acknowledged') =>
    reports.reduce((total, report) => total + report[name], 0)
  return {
    ...{ seed, recordings: reports.length, images: sum('images') },
    ...{ operations: sum('operations'), acknowledged: sum('acknowledged') },
    ...{ lost: count('lost'), wrong: count('wrong') },
    ...{ refused: count('refused'), died: count('died'), halfWritten: count('half-written') },
    breaches: breaches.slice(0, REPORTED_MAX),
  }
}
