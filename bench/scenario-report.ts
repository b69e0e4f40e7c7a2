// What a scenario has to tell: figures with their spread, ratios with their targets, curves. Pages are made of this.
import type { Sample } from './contestant.ts'

/** One contestant and all its runs, in the order of the rounds. */
export interface Line {
  readonly name: string
  readonly role: 'ours' | 'limit' | 'peer'
  readonly durability: string
  readonly samples: readonly Sample[]
}

/** Something measured once a round. With a target it stands in the table of targets. */
export interface Figure {
  readonly what: string
  readonly values: readonly number[]
  /** 'x' for a ratio. */
  readonly unit: string
  readonly digits: number
  readonly target?: Target
}

export interface Target {
  /** As the plan words it, such as `≥ 0.85 of the constant route`. */
  readonly words: string
  readonly min?: number
  readonly max?: number
}

/** Lines over a common axis. */
export interface Curve {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly xScale: 'linear' | 'log'
  readonly yScale: 'linear' | 'log'
  readonly series: readonly {
    readonly name: string
    readonly points: readonly (readonly [x: number, y: number])[]
  }[]
}

export interface ScenarioReport {
  /** As it is called on the command line. */
  readonly name: string
  readonly title: string
  /** How it was measured, in whole sentences, fairness to each peer included. */
  readonly method: readonly string[]
  /** What `perSecond` of the lines counts, where it is not `reservations`. */
  readonly counted?: string
  readonly lines: readonly Line[]
  readonly figures: readonly Figure[]
  readonly curves: readonly Curve[]
  /** What was checked before any figure was believed. */
  readonly checks: readonly string[]
  /** Contestants that this machine does not have, and what to install. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[]
}
