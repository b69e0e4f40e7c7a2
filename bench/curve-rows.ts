// A curve as rows of a table: one x in each, and what every series has there.
import type { Curve } from './scenario-report.ts'

/**
 * All x in their order, with the y of each series there; an empty text where a series has none. Of each series at most
 * `most` points, first and last among them.
 */
export function curveRows({ series }: Curve, most: number): string[][] {
  const columns = series.map(({ points }) => new Map(evenly(points, most)))
  const xs = [...new Set(columns.flatMap((column) => [...column.keys()]))]
  return xs
    .sort((left, right) => left - right)
    .map((x) => [words(x), ...columns.map((column) => words(column.get(x)))])
}

/** At most `most` of `all`, first and last among them. */
export function evenly<Item>(all: readonly Item[], most: number): Item[] {
  if (all.length <= most) return [...all]
  const step = (all.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, index) => all[Math.round(index * step)] as Item)
}

function words(value: number | undefined): string {
  if (value === undefined) return ''
  return Number(value.toPrecision(4)).toLocaleString('en-US', { maximumFractionDigits: 6 })
}
