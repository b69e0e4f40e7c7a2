// Damage to a segment's files as such: cut off, made longer, emptied, gone, or something else in their place.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { segmentFile } from '../../../journal/segments.ts'
import { changeFile, type DamageKind, type Hit, type Site, someSegment } from './damage-kind.ts'
import type { Dice } from './dice.ts'
import { pageCountOf, pageSizeOf } from './page-places.ts'

const JUNK_BYTES_MAX = 10_000

/** Kinds that change a file's length or what it is. */
export const FILE_DAMAGES: readonly DamageKind[] = [
  { name: 'cut-anywhere', weight: 4, hit: inFile(cutAnywhere) },
  { name: 'cut-at-page', weight: 4, hit: inFile(cutAtPage) },
  { name: 'emptied', weight: 2, hit: inFile(() => ({ bytes: Buffer.alloc(0), what: 'emptied' })) },
  { name: 'extended', weight: 2, hit: inFile(extend) },
  { name: 'data-removed', weight: 1, hit: removeData },
  { name: 'data-is-folder', weight: 1, hit: makeFolder },
  { name: 'lock-garbage', weight: 2, hit: spoilLock },
]

type Remake = (bytes: Buffer, dice: Dice) => { bytes: Buffer; what: string }

function inFile(remake: Remake): DamageKind['hit'] {
  return (site, dice) =>
    changeFile(segmentFile(someSegment(site, dice).path), (bytes) => remake(bytes, dice))
}

function cutAnywhere(bytes: Buffer, dice: Dice): { bytes: Buffer; what: string } {
  const length = dice.integer(0, bytes.length - 1)
  return {
    bytes: bytes.subarray(0, length),
    what: `cut off after ${length} of ${bytes.length} bytes`,
  }
}

function cutAtPage(bytes: Buffer, dice: Dice): { bytes: Buffer; what: string } {
  const [pages, all] = [dice.integer(0, pageCountOf(bytes) - 1), pageCountOf(bytes)]
  const what = `cut off after ${pages} of ${all} pages`
  return { bytes: bytes.subarray(0, pages * pageSizeOf(bytes)), what }
}

function extend(bytes: Buffer, dice: Dice): { bytes: Buffer; what: string } {
  const junk = dice.bytes(dice.integer(1, JUNK_BYTES_MAX))
  return {
    bytes: Buffer.concat([bytes, junk]),
    what: `${junk.length} bytes of junk behind its end`,
  }
}

function removeData(site: Site, dice: Dice): Hit {
  const file = segmentFile(someSegment(site, dice).path)
  rmSync(file)
  return { file, what: 'removed, its folder left' }
}

function makeFolder(site: Site, dice: Dice): Hit {
  const file = segmentFile(someSegment(site, dice).path)
  rmSync(file)
  mkdirSync(file)
  return { file, what: 'replaced by a folder' }
}

function spoilLock(site: Site, dice: Dice): Hit {
  const file = join(someSegment(site, dice).path, 'lock.mdb')
  const length = dice.integer(1, JUNK_BYTES_MAX)
  const what = existsSync(file) ? 'replaced by' : 'made of'
  writeFileSync(file, dice.bytes(length))
  return { file, what: `${what} ${length} random bytes` }
}
