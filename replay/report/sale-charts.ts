// The report's curves as charts: one axis of time for all of them.
import type { Chart } from './chart-svg.ts'
import type { SaleReport } from './sale-report.ts'
import type { TopSku } from './sku-rows.ts'
import type { CurvePoint } from './step-curve.ts'
import { type TimeAxis, timeAxis } from './time-axis.ts'

export interface SaleCharts {
  /** Where the axis begins, in ms since 1970. */
  readonly from: number
  readonly axis: TimeAxis
  readonly curve: Chart
  readonly tempo: Chart
  /** How long one step of the tempo lasts, in ms. */
  readonly stepMs: number
}

/** The charts of the sale; undefined when nothing was reserved. */
export function saleCharts({ curve, tempo, before }: SaleReport): SaleCharts | undefined {
  if (tempo === undefined) return undefined
  const { from, widthMs, counts } = tempo
  const steps = counts.reserved.length
  const spanMs = Math.max(steps * widthMs, (curve.at(-1)?.[0] ?? from) - from)
  const axis = timeAxis(spanMs)
  const starts = counts.reserved.map((_, index) => index * widthMs)
  const series = [
    { name: 'Reserved', look: 'held', isFilled: true, values: counts.reserved },
    { name: 'Paid', look: 'sold', isFilled: false, values: counts.confirmed },
    { name: 'Expired or cancelled', look: 'freed', isFilled: false, values: counts.released },
  ] as const
  return {
    from,
    axis,
    stepMs: widthMs,
    curve: totalChart(curve, before, from, axis),
    tempo: { axis, afterMs: starts, series },
  }
}

/** The small chart of a SKU, on the sale's axis. */
export function skuChart(sku: TopSku, { from, axis }: SaleCharts): Chart {
  const { curve, soldBefore, heldBefore } = sku
  const points = fromStart(curve, [from, soldBefore, soldBefore + heldBefore])
  return {
    axis,
    afterMs: points.map(([at]) => at - from),
    series: [
      { name: 'Sold or held', look: 'held', isFilled: false, values: column(points, 2) },
      { name: 'Sold', look: 'sold', isFilled: true, values: column(points, 1) },
    ],
  }
}

function totalChart(
  curve: readonly CurvePoint[],
  { held, sold }: SaleReport['before'],
  from: number,
  axis: TimeAxis,
): Chart {
  const points = fromStart(curve, [from, sold, sold + held, curve[0]?.[3] ?? 0])
  return {
    axis,
    afterMs: points.map(([at]) => at - from),
    series: [
      { name: 'Stock', look: 'stock', isFilled: false, values: column(points, 3) },
      { name: 'Sold or held', look: 'held', isFilled: false, values: column(points, 2) },
      { name: 'Sold', look: 'sold', isFilled: true, values: column(points, 1) },
    ],
  }
}

// A curve is kept from its first event on; before it only what the journal begins with was sold or held.
function fromStart(curve: readonly CurvePoint[], start: CurvePoint): CurvePoint[] {
  const [from, ...values] = start
  const later = curve.filter(([at]) => at > from)
  const [, ...before] = curve.findLast(([at]) => at <= from) ?? start
  return [[from, ...values.map((value, index) => before[index] ?? value)], ...later]
}

function column(points: readonly CurvePoint[], index: number): number[] {
  return points.map((point) => point[index] ?? 0)
}
