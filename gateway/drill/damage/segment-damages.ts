// Damage by hands that move whole segments: removed, doubled, swapped, given another name.
import { copyFileSync, cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { type SegmentPlace, segmentFile, segmentPath } from '../../../journal/segments.ts'
import type { DamageKind, Hit, Site } from './damage-kind.ts'
import type { Dice } from './dice.ts'

/** A wrong name lies this far beyond the journal's ends, at most. */
const SEQS_BEYOND = 500

/** Kinds that move segments. All of them need a second one: a journal that is gone altogether cannot be missed. */
export const SEGMENT_DAMAGES: readonly DamageKind[] = [
  { name: 'segment-removed', weight: 4, hit: remove },
  { name: 'segment-doubled', weight: 3, hit: double },
  { name: 'segment-renamed', weight: 3, hit: rename },
  { name: 'segments-swapped', weight: 3, hit: swapFolders },
  { name: 'data-swapped', weight: 2, hit: swapData },
  { name: 'data-replaced', weight: 2, hit: replaceData },
]

function remove(site: Site, dice: Dice): Hit | undefined {
  if (site.segments.length < 2) return undefined
  const { path } = dice.pick(
    [site.segments[0], site.segments.at(-1), dice.pick(site.segments)].flatMap(
      (place) => place ?? [],
    ),
  )
  rmSync(path, { recursive: true })
  return { file: path, what: 'segment removed', code: 'journal_gap' }
}

function double(site: Site, dice: Dice): Hit | undefined {
  const [source, name] = [dice.pick(site.segments), freeName(site, dice)]
  if (name === undefined) return undefined
  cpSync(source.path, name, { recursive: true })
  return { file: name, what: `a copy of the segment of seq ${source.firstSeq}` }
}

function rename(site: Site, dice: Dice): Hit | undefined {
  const [source, name] = [dice.pick(site.segments), freeName(site, dice)]
  if (name === undefined) return undefined
  renameSync(source.path, name)
  return { file: name, what: `the segment of seq ${source.firstSeq} under another name` }
}

function swapFolders(site: Site, dice: Dice): Hit | undefined {
  const pair = twoSegments(site, dice)
  if (pair === undefined) return undefined
  swap(pair[0].path, pair[1].path)
  return { file: pair[0].path, what: `swapped with the segment of seq ${pair[1].firstSeq}` }
}

function swapData(site: Site, dice: Dice): Hit | undefined {
  const pair = twoSegments(site, dice)
  if (pair === undefined) return undefined
  const file = segmentFile(pair[0].path)
  swap(file, segmentFile(pair[1].path))
  return { file, what: `swapped with that of the segment of seq ${pair[1].firstSeq}` }
}

function replaceData(site: Site, dice: Dice): Hit | undefined {
  const pair = twoSegments(site, dice)
  if (pair === undefined) return undefined
  const file = segmentFile(pair[0].path)
  copyFileSync(segmentFile(pair[1].path), file)
  return { file, what: `replaced by that of the segment of seq ${pair[1].firstSeq}` }
}

function twoSegments(site: Site, dice: Dice): [SegmentPlace, SegmentPlace] | undefined {
  const [left, right] = [dice.pick(site.segments), dice.pick(site.segments)]
  return left === right ? undefined : [left, right]
}

function freeName(site: Site, dice: Dice): string | undefined {
  const newest = site.segments.at(-1)?.firstSeq ?? 1
  const path = segmentPath(site.paths.journal, dice.integer(0, newest + SEQS_BEYOND))
  return existsSync(path) ? undefined : path
}

function swap(left: string, right: string): void {
  const aside = `${left}.aside`
  renameSync(left, aside)
  renameSync(right, left)
  renameSync(aside, right)
}
