// The search on one recording: many power losses, each restarted and held against what had been acknowledged.
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { PartitionState } from '../../../core/partition-state.ts'
import { stateHash } from '../../../core/state-hash.ts'
import { LossChooser } from './choose-loss.ts'
import { ImageTester } from './image-tester.ts'
import { type Breach, breachesOfLives, judge, promisesAt } from './promises.ts'
import { type LivesRecorded, loadRecording } from './record-lives.ts'

/** Two cores: more processes only take time from each other. */
const TESTERS_MAX = 2

export interface PowerSearchOptions {
  /** Folder of the recording. */
  readonly recording: string
  readonly firstImage: number
  readonly images: number
  /** Of the losses; undefined takes the one that the recording was made with. */
  readonly seed: number | undefined
  /** No image is begun after this moment of `performance.now()`. */
  readonly endsAt: number
  /** Folder for images while they are tried; one in memory is fastest. */
  readonly scratch: string
  /** Called after every image. */
  readonly onImage: () => void
}

/** A broken promise, and the image of the recording that shows it; none when a life of the recording broke it. */
export interface ReportedBreach extends Breach {
  readonly recording: string
  readonly image: number | undefined
}

export interface PowerSearchReport {
  readonly seed: number
  readonly images: number
  /** Operations in the recording: after each of them the power may go. */
  readonly operations: number
  /** The highest seq that the recorded servers acknowledged. */
  readonly acknowledged: number
  /** All of them, by image. */
  readonly breaches: readonly ReportedBreach[]
}

/** Tries power losses on one recording. @throws DrillError when it cannot be read, or an image not be made. */
export async function searchRecording(options: PowerSearchOptions): Promise<PowerSearchReport> {
  const search = new PowerSearch(loadRecording(options.recording), options)
  await search.run()
  return search.report()
}

class PowerSearch {
  readonly #lives: LivesRecorded
  readonly #options: PowerSearchOptions
  readonly #seed: number
  readonly #chooser: LossChooser
  readonly #emptyHash = stateHash(new PartitionState(1))
  readonly #breaches: ReportedBreach[] = []
  #begun = 0
  #done = 0

  constructor(lives: LivesRecorded, options: PowerSearchOptions) {
    this.#lives = lives
    this.#options = options
    this.#seed = options.seed ?? lives.seed
    this.#chooser = new LossChooser(lives.recording)
    const { recording, failedStart } = lives
    for (const breach of breachesOfLives(recording, this.#emptyHash)) this.#add(breach, undefined)
    if (failedStart === undefined) return
    const text = `a server of the recording itself: ${failedStart}`
    this.#add({ kind: 'refused', text }, undefined)
  }

  async run(): Promise<void> {
    const folder = mkdtempSync(join(this.#options.scratch, 'holdfast-images-'))
    const testers = Math.min(TESTERS_MAX, availableParallelism(), this.#options.images)
    try {
      await Promise.all(Array.from({ length: testers }, () => this.#runTester(folder)))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  report(): PowerSearchReport {
    const { recording } = this.#lives
    const operations = recording.operations.length
    const { acknowledged } = promisesAt(recording, operations)
    const breaches = this.#breaches.sort((left, right) => (left.image ?? -1) - (right.image ?? -1))
    return { seed: this.#seed, images: this.#done, operations, acknowledged, breaches }
  }

  async #runTester(folder: string): Promise<void> {
    const { recording, images, firstImage, endsAt, onImage } = this.#options
    const tester = new ImageTester({ recording, seed: this.#seed, folder })
    try {
      while (this.#begun < images && performance.now() < endsAt) {
        await this.#try(tester, firstImage + this.#begun++)
        this.#done++
        onImage()
      }
    } finally {
      await tester.close()
    }
  }

  async #try(tester: ImageTester, image: number): Promise<void> {
    const found = await tester.try(image)
    const { cut } = this.#chooser.choose(this.#seed, image)
    const breach = judge(promisesAt(this.#lives.recording, cut), this.#emptyHash, found)
    if (breach !== undefined) this.#add(breach, image)
  }

  #add(breach: Breach, image: number | undefined): void {
    this.#breaches.push({ ...breach, image, recording: this.#options.recording })
  }
}
