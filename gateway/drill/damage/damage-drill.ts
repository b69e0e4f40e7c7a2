// The proof by damage: healthy directories, one damage each, and what a start makes of them. Never another state.
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Damage, damageDirectory } from './damage.ts'
import { type CaseResult, type DamageReport, Tally } from './damage-report.ts'
import { Dice } from './dice.ts'
import { Examiner } from './examiner.ts'
import { type HealthyDirectory, writeHealthyDirectory } from './healthy-directory.ts'
import { judge } from './judge.ts'
import { SHAPES, type Shape } from './shapes.ts'

/** Far above what a case takes, on any disk. */
const CASE_DEADLINE_MS = 60_000

export interface DamageDrillOptions {
  readonly seed: number
  readonly cases: number
  /** Runs this case alone, from 1; undefined runs all. */
  readonly onlyCase: number | undefined
  /** Directory for the healthy directories, the copies, and the damaged ones that are kept. */
  readonly directory: string
  /** Called after every case with what was found so far. */
  readonly onCase: (result: CaseResult, report: DamageReport) => void
}

/** Runs the drill. @throws DrillError when it could not be carried out, JournalError when the disk is not up to it. */
export async function damageDrill(options: DamageDrillOptions): Promise<DamageReport> {
  const drill = new DamageDrill(options)
  const tally = new Tally(options.seed)
  try {
    const { onlyCase: only } = options
    const last = only ?? options.cases
    for (let number = only ?? 1; number <= last; number++) {
      const result = await drill.run(number)
      if (tally.add(result)) tally.addFinding(result, await drill.keep(number))
      options.onCase(result, tally.report())
    }
    return tally.report()
  } finally {
    await drill.end()
  }
}

class DamageDrill {
  readonly #options: DamageDrillOptions
  readonly #examiner = new Examiner(CASE_DEADLINE_MS)
  readonly #healthy = new Map<Shape, HealthyDirectory>()

  constructor(options: DamageDrillOptions) {
    this.#options = options
  }

  async run(number: number): Promise<CaseResult> {
    const data = join(this.#options.directory, `case-${number}`)
    const { healthy, damage } = await this.#damage(number, data)
    const { shape, stateHash, lastAt, retentionMs } = healthy
    const { segmentBytes } = shape
    const seen = await this.#examiner.examine({
      ...{ data, from: 'verify', segmentBytes, retentionMs, now: lastAt + 1 },
    })
    rmSync(data, { recursive: true })
    const verdict = judge({ data, damage, stateHash, seen })
    return { number, shape: shape.name, damage, seen, verdict }
  }

  /** Makes the damaged directory of a case once more, and leaves it for whoever wants to look. */
  async keep(number: number): Promise<string> {
    const data = join(this.#options.directory, `found-${number}`)
    await this.#damage(number, data)
    return data
  }

  async end(): Promise<void> {
    await this.#examiner.end()
    for (const { data } of this.#healthy.values()) rmSync(data, { recursive: true })
  }

  // All that chance decides of a case comes from the seed and its number, so each can be repeated alone.
  async #damage(
    number: number,
    data: string,
  ): Promise<{ healthy: HealthyDirectory; damage: Damage }> {
    const dice = new Dice(this.#options.seed, `case ${number}`)
    const healthy = await this.#healthyOf(dice.pick(SHAPES))
    rmSync(data, { recursive: true, force: true })
    cpSync(healthy.data, data, { recursive: true })
    return { healthy, damage: await damageDirectory(data, dice) }
  }

  async #healthyOf(shape: Shape): Promise<HealthyDirectory> {
    const { directory, seed } = this.#options
    const data = join(directory, `healthy-${shape.name}`)
    const known = this.#healthy.get(shape)
    if (known !== undefined) return known
    rmSync(data, { recursive: true, force: true })
    const healthy = await writeHealthyDirectory(data, shape, seed)
    this.#healthy.set(shape, healthy)
    return healthy
  }
}
