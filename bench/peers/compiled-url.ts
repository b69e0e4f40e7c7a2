// Programs of the peers are started from compiled code, wherever they are asked for.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { invariant } from '../../core/invariant.ts'

/** The folder of the peers, as seen from the compiled code and from the sources. */
const PLACES = ['./', '../../dist/bench/peers/'] as const

/** The place of a program below bench/peers/, such as `keeper.js`. */
export function compiledUrl(program: string): URL {
  const urls = PLACES.map((place) => new URL(place + program, import.meta.url))
  const found = urls.find((url) => existsSync(fileURLToPath(url)))
  invariant(found !== undefined, 'programs of the peers are compiled')
  return found
}
