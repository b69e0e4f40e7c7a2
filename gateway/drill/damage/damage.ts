// One random damage to a copy of a healthy directory: which kinds there are, and how one is drawn and done.
import { relative } from 'node:path'
import { invariant } from '../../../core/invariant.ts'
import { partitionPaths } from '../../../journal/data-directory.ts'
import { listSegments } from '../../../journal/segments.ts'
import { listSnapshots } from '../../../journal/snapshot-file.ts'
import { BLOCK_DAMAGES } from './block-damages.ts'
import type { DamageKind, Hit, Site } from './damage-kind.ts'
import type { Dice } from './dice.ts'
import { FILE_DAMAGES } from './file-damages.ts'
import { PAGE_DAMAGES } from './page-damages.ts'
import { SEGMENT_DAMAGES } from './segment-damages.ts'
import { SNAPSHOT_DAMAGES } from './snapshot-damages.ts'

/** All kinds, in the order of reports. */
export const DAMAGE_KINDS: readonly DamageKind[] = [
  ...PAGE_DAMAGES,
  ...FILE_DAMAGES,
  ...BLOCK_DAMAGES,
  ...SEGMENT_DAMAGES,
  ...SNAPSHOT_DAMAGES,
]

/** Draws that may come to nothing before a directory is called impossible to damage. */
const DRAWS_MAX = 1_000

export interface Damage extends Hit {
  readonly kind: string
}

/** Damages the directory `data` in one way. A kind that does not apply to it, or changes nothing, is drawn again. */
export async function damageDirectory(data: string, dice: Dice): Promise<Damage> {
  const paths = partitionPaths(data, 0)
  const site: Site = {
    paths,
    segments: listSegments(paths.journal),
    snapshots: listSnapshots(paths.snapshots),
  }
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    const kind = dice.pickWeighted(DAMAGE_KINDS)
    const hit = await kind.hit(site, dice)
    if (hit !== undefined) return { ...hit, kind: kind.name, file: relative(data, hit.file) }
  }
  invariant(false, 'some kind of damage applies to every directory')
}
