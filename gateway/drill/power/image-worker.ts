// A process of its own that builds crash images and restarts on them: a native abort ends it, not the drill.
// Usage: node image-worker.js RECORDING SEED FOLDER; each message over IPC is the number of an image to try.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { LossChooser } from './choose-loss.ts'
import { buildImage } from './crash-image.ts'
import { writeImage } from './image-folder.ts'
import type { Found } from './promises.ts'
import { loadRecording } from './record-lives.ts'
import { restartImage, SEGMENT_BYTES_LARGE, SEGMENT_BYTES_SMALL } from './restart-image.ts'

/** What the worker says of an image; `fault` when it could not even be made. */
export type ImageTried = { readonly found: Found } | { readonly fault: string }

const [directory = '', seed = '', folder = ''] = process.argv.slice(2)
const { recording } = loadRecording(directory)
const chooser = new LossChooser(recording)

process.on('message', (image: number) => {
  tryImage(image).then(
    (found) => say({ found }),
    (fault: unknown) => say({ fault: fault instanceof Error ? fault.message : String(fault) }),
  )
})
process.on('disconnect', () => process.exit(0))

function say(tried: ImageTried): void {
  process.send?.(tried)
}

async function tryImage(image: number): Promise<Found> {
  // A new place each time: LMDB knows environments by their path.
  const place = join(folder, `image-${image}`)
  writeImage(buildImage(recording, chooser.choose(Number(seed), image)), place)
  // The next block goes into a new segment as often as into the old one.
  const found = await restartImage(
    place,
    image % 2 === 0 ? SEGMENT_BYTES_SMALL : SEGMENT_BYTES_LARGE,
  )
  rmSync(place, { recursive: true, force: true })
  return found
}
