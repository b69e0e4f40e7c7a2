// `holdfast drill power`: pulls the plug thousands of times, on paper, and restarts on what would be left.
import { randomInt } from 'node:crypto'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { DrillError } from '../drill/errors.ts'
import {
  keepImage,
  type PowerDrillReport,
  powerDrill,
  repeatDrill,
} from '../drill/power/power-drill.ts'
import { numberOption } from './drive-arguments.ts'

const EXIT_FAULT = 1
const EXIT_USAGE = 2
const EXIT_DISCREPANCY = 3
/** As a shell reports a process that Ctrl-C ended. */
const EXIT_INTERRUPTED = 130
/** Memory that looks like a disk: an image is gone within milliseconds anyway. */
const FAST_FOLDER = '/dev/shm'
const PROGRESS_MS = 500
const SEED_MAX = 2 ** 31

const EXAMPLES = `
Examples:
  holdfast drill power
  holdfast drill power --images 20000 --budget-seconds 300
  holdfast drill power --recording DIR --images 5000
  holdfast drill power --recording DIR --image 421

A small C library (built here with cc, preloaded) records every write and sync of servers that sell, snapshot and are
killed. Then the power goes at random moments: what was synced stays, of the rest a random part, torn at sectors. A
server starts on each image and is held to every answer that had left. A seed repeats the images of one recording.
Exit codes: 0 every promise kept, 1 a fault, 2 usage, 3 a promise broken (recording and images stay).`

interface PowerFlags {
  readonly images: number
  readonly lives: number
  readonly seed?: number
  readonly budgetSeconds: number
  readonly recording?: string
  readonly image?: number
  readonly json?: boolean
  readonly quiet?: boolean
}

/** The sub-command of `holdfast drill`. */
export function powerCommand(): Command {
  const whole = (min: number, max: number) => numberOption({ min, max, isWhole: true })
  return new Command('power')
    .description(
      'record what servers write, cut the power at random moments, restart on what is left',
    )
    .option('--images <n>', 'power losses', whole(1, 100_000_000), 2_000)
    .option('--lives <n>', 'servers in a recording, one after the other', whole(1, 999), 5)
    .option(
      '--seed <n>',
      'of the sale, the kills and the losses (default: random)',
      whole(0, SEED_MAX),
    )
    .option(
      '--budget-seconds <n>',
      'begin no image after this time',
      whole(1, 1_000_000),
      1_000_000,
    )
    .option('--recording <directory>', 'use the recording of an earlier drill instead of a new one')
    .option('--image <n>', 'only this image of the recording; it is kept', whole(0, 100_000_000))
    .option('--json', 'print one JSON object')
    .option('--quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action(runPower)
}

async function runPower(flags: PowerFlags, command: Command): Promise<void> {
  if (flags.image !== undefined && flags.recording === undefined) {
    const message = 'error: --image needs --recording, the folder that the drill named'
    command.error(message, { exitCode: EXIT_USAGE })
  }
  try {
    if (flags.recording === undefined) await drillAnew(flags)
    else await drillAgain(flags.recording, flags)
  } catch (error) {
    if (!(error instanceof DrillError)) throw error
    process.stderr.write(`drill: ${error.message}\n`)
    process.exitCode = EXIT_FAULT
  }
}

async function drillAnew(flags: PowerFlags): Promise<void> {
  const directory = mkdtempSync(join(fastFolder(), 'holdfast-power-'))
  const seed = flags.seed ?? randomInt(SEED_MAX)
  if (flags.quiet !== true) say(`seed ${seed}, ${flags.images} power losses, in ${directory}`)
  let hasBreaches = false
  const giveUp = () => {
    // It may lie in memory, where nobody looks for it and it would stay until the next boot.
    rmSync(directory, { recursive: true, force: true })
    process.exit(EXIT_INTERRUPTED)
  }
  process.once('SIGINT', giveUp).once('SIGTERM', giveUp)
  try {
    const { images, lives } = flags
    const report = await powerDrill({ ...searchOptions(flags), directory, images, lives, seed })
    hasBreaches = report.breaches.length > 0
    conclude(report, undefined, flags)
  } finally {
    process.off('SIGINT', giveUp).off('SIGTERM', giveUp)
    if (!hasBreaches) rmSync(directory, { recursive: true, force: true })
  }
}

async function drillAgain(recording: string, flags: PowerFlags): Promise<void> {
  const { image, seed } = flags
  const images = image === undefined ? flags.images : 1
  const firstImage = image ?? 0
  const report = await repeatDrill({ ...searchOptions(flags), recording, images, firstImage, seed })
  conclude(report, seed, flags)
  if (image !== undefined) say(keepImage(recording, seed, image).join('\n'))
}

function searchOptions(flags: PowerFlags) {
  const endsAt = performance.now() + flags.budgetSeconds * 1_000
  return { endsAt, scratch: fastFolder(), onImage: progress(flags) }
}

function conclude(report: PowerDrillReport, seed: number | undefined, flags: PowerFlags): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : inWords(report))
  if (report.breaches.length === 0) return
  process.exitCode = EXIT_DISCREPANCY
  for (const { kind, text, image, recording } of report.breaches) {
    say(`drill: ${kind}${image === undefined ? '' : `, image ${image}`}: ${text}`)
    if (image === undefined) continue
    if (flags.image === undefined) keepImage(recording, seed, image)
    const seedFlag = seed === undefined ? '' : ` --seed ${seed}`
    say(`  holdfast drill power --recording ${recording}${seedFlag} --image ${image}`)
  }
  say('drill: a promise was broken. The recordings stay, with the images above in them.')
}

function inWords(report: PowerDrillReport): string {
  const { images, acknowledged, seed, lost, wrong, refused, died, halfWritten } = report
  return (
    `images=${images} acknowledged=${acknowledged} seed=${seed}\n` +
    `acknowledged-but-lost=${lost} wrong-state=${wrong} refused=${refused} died=${died} ` +
    `half-written-snapshots=${halfWritten}\n`
  )
}

function progress(flags: PowerFlags): () => void {
  const startedAt = performance.now()
  let saidAt = startedAt
  let images = 0
  return () => {
    images++
    const now = performance.now()
    if (flags.quiet === true || !process.stderr.isTTY || now - saidAt < PROGRESS_MS) return
    saidAt = now
    const perSecond = (images / (now - startedAt)) * 1_000
    const left = Math.ceil((flags.images - images) / perSecond)
    say(`${images} of ${flags.images} images, ${Math.round(perSecond)} a second, ${left} s left`)
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

function fastFolder(): string {
  try {
    accessSync(FAST_FOLDER, constants.W_OK)
    return FAST_FOLDER
  } catch {
    return tmpdir()
  }
}
