// Has images tried by a child process that lives long, and is started again when an image kills it.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DrillError } from '../errors.ts'
import type { ImageTried } from './image-worker.ts'
import type { Found } from './promises.ts'

const WORKER = fileURLToPath(new URL('./image-worker.js', import.meta.url))
/** An image that takes longer hangs, in ms. */
const IMAGE_DEADLINE_MS = 60_000
/** A worker is replaced after this many, so that what a refused image left open does not pile up. */
const IMAGES_PER_WORKER = 2_000
/** A partition begins with large empty tables: a young generation that holds an image's worth saves a quarter. */
const EXEC_ARGUMENTS = ['--max-semi-space-size=64', '--single-threaded-gc']

export interface ImageTesterOptions {
  /** Folder of the recording. */
  readonly recording: string
  readonly seed: number
  /** Folder for images while they are tried. */
  readonly folder: string
}

/** Tries one image at a time. */
export class ImageTester {
  readonly #options: ImageTesterOptions
  #worker: ChildProcess | undefined
  #tried = 0

  constructor(options: ImageTesterOptions) {
    this.#options = options
  }

  /** What a restart on the image with number `image` comes to. @throws DrillError when it cannot be made. */
  async try(image: number): Promise<Found> {
    if (this.#tried++ % IMAGES_PER_WORKER === 0) await this.close()
    this.#worker ??= this.#start()
    const worker = this.#worker
    const found = await answerOf(worker, image)
    if (found.kind !== 'died') return found
    await this.close()
    rmSync(join(this.#options.folder, `image-${image}`), { recursive: true, force: true })
    return found
  }

  /** Ends the child process. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    if (worker === undefined || worker.exitCode !== null || worker.signalCode !== null) return
    const gone = once(worker, 'exit')
    worker.kill('SIGKILL')
    await gone
  }

  #start(): ChildProcess {
    const { recording, seed, folder } = this.#options
    return fork(WORKER, [recording, String(seed), folder], {
      execArgv: EXEC_ARGUMENTS,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      // A reboot is what is being played: LMDB must not take the boot id that has not changed for a whole page cache.
      env: { ...process.env, LMDB_RESTORE: 'safe' },
    })
  }
}

function answerOf(worker: ChildProcess, image: number): Promise<Found> {
  return new Promise((resolve, reject) => {
    const finish = (tried: ImageTried) => {
      clearTimeout(timer)
      worker.removeAllListeners()
      if ('found' in tried) resolve(tried.found)
      else reject(new DrillError('image_failed', `Image ${image} cannot be made: ${tried.fault}`))
    }
    const died = (reason: string) => finish({ found: { kind: 'died', reason } })
    const timer = setTimeout(
      () => died(`no answer within ${IMAGE_DEADLINE_MS} ms`),
      IMAGE_DEADLINE_MS,
    )
    worker.once('message', (tried) => finish(tried as ImageTried))
    worker.once('error', (error) => died(error.message))
    worker.once('exit', (status, signal) =>
      died(`the process ended with ${signal ?? `exit code ${status}`}`),
    )
    worker.send(image)
  })
}
