// Damage to snapshots. Replay takes a snapshot's place, so most of it must change nothing.
import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { changeFile, type DamageKind, flipBits, type Hit, type Site } from './damage-kind.ts'
import type { Dice } from './dice.ts'

/** A wrong name lies this far beyond the newest snapshot, at most. */
const SEQS_BEYOND = 2_000

/** Kinds that hit snapshots; the newest is what a start begins with. */
export const SNAPSHOT_DAMAGES: readonly DamageKind[] = [
  { name: 'snapshot-flipped', weight: 8, hit: flip },
  { name: 'snapshot-overwritten', weight: 2, hit: overwrite },
  { name: 'snapshot-cut', weight: 2, hit: cut },
  { name: 'snapshot-extended', weight: 1, hit: extend },
  { name: 'snapshot-removed', weight: 1, hit: remove },
  { name: 'snapshot-renamed', weight: 2, hit: rename },
  { name: 'snapshot-doubled', weight: 2, hit: double },
  { name: 'snapshots-swapped', weight: 1, hit: swap },
  { name: 'snapshot-replaced', weight: 2, hit: replace },
]

function flip(site: Site, dice: Dice): Hit | undefined {
  return changeFile(someSnapshot(site, dice), (bytes) => {
    return { bytes, what: flipBits(bytes, 0, bytes.length, dice) }
  })
}

function overwrite(site: Site, dice: Dice): Hit | undefined {
  return changeFile(someSnapshot(site, dice), (bytes) => {
    const length = dice.integer(1, 64)
    const offset = dice.integer(0, bytes.length - length)
    bytes.set(dice.hasLuck(0.5) ? Buffer.alloc(length) : dice.bytes(length), offset)
    return { bytes, what: `${length} bytes at ${offset} overwritten` }
  })
}

function cut(site: Site, dice: Dice): Hit | undefined {
  return changeFile(someSnapshot(site, dice), (bytes) => {
    const length = dice.hasLuck(0.2) ? 0 : dice.integer(0, bytes.length - 1)
    return { bytes: bytes.subarray(0, length), what: `cut off after ${length} bytes` }
  })
}

function extend(site: Site, dice: Dice): Hit | undefined {
  return changeFile(someSnapshot(site, dice), (bytes) => {
    const junk = dice.bytes(dice.integer(1, 100))
    return { bytes: Buffer.concat([bytes, junk]), what: `${junk.length} bytes behind its end` }
  })
}

function remove(site: Site, dice: Dice): Hit {
  const file = someSnapshot(site, dice)
  rmSync(file)
  return { file, what: 'removed' }
}

function rename(site: Site, dice: Dice): Hit | undefined {
  const [file, name] = [someSnapshot(site, dice), freeName(site, dice)]
  if (name === undefined) return undefined
  renameSync(file, name)
  return { file: name, what: `${basename(file)} under another name` }
}

function double(site: Site, dice: Dice): Hit | undefined {
  const [file, name] = [someSnapshot(site, dice), freeName(site, dice)]
  if (name === undefined) return undefined
  copyFileSync(file, name)
  return { file: name, what: `a copy of ${basename(file)}` }
}

function swap(site: Site): Hit {
  const [newer = '', older = ''] = site.snapshots.map(({ path }) => path)
  const aside = `${newer}.aside`
  renameSync(newer, aside)
  renameSync(older, newer)
  renameSync(aside, older)
  return { file: newer, what: `swapped with ${basename(older)}` }
}

function replace(site: Site, dice: Dice): Hit {
  const [newer = '', older = ''] = site.snapshots.map(({ path }) => path)
  const [file, other] = dice.hasLuck(0.7) ? [newer, older] : [older, newer]
  copyFileSync(other, file)
  return { file, what: `replaced by ${basename(other)}` }
}

function someSnapshot(site: Site, dice: Dice): string {
  return dice.pick(site.snapshots).path
}

function freeName(site: Site, dice: Dice): string | undefined {
  const seq = dice.integer(0, (site.snapshots[0]?.seq ?? 0) + SEQS_BEYOND)
  const path = join(site.paths.snapshots, `snapshot-${String(seq).padStart(16, '0')}.hfs`)
  return existsSync(path) ? undefined : path
}
