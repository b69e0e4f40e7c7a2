// A curve that changes at events, in few points: whatever the length of the journal, every point stays a true one.

/** A moment in ms since 1970, and the values right after the last event of that moment. */
export type CurvePoint = readonly [at: number, ...values: number[]]

/** Keeps at most `pointsMax` points by widening the time within which only the last point survives. */
export class StepCurve {
  readonly #pointsMax: number
  readonly #points: CurvePoint[] = []
  #widthMs = 1

  constructor(pointsMax: number) {
    this.#pointsMax = pointsMax
  }

  /** What is kept, in the order of time. */
  get points(): readonly CurvePoint[] {
    return this.#points
  }

  /** Adds a point; its time is never before the last one's. */
  add(point: CurvePoint): void {
    const last = this.#points.at(-1)
    if (last !== undefined && this.#slot(last) === this.#slot(point)) this.#points.pop()
    this.#points.push(point)
    if (this.#points.length > this.#pointsMax) this.#thin()
  }

  // To half, so that the work is spread over as many points again.
  #thin(): void {
    const kept: CurvePoint[] = this.#points
    while (kept.length > this.#pointsMax / 2) {
      this.#widthMs *= 2
      const all = kept.splice(0)
      for (const [index, point] of all.entries()) {
        const next = all[index + 1]
        if (next === undefined || this.#slot(next) !== this.#slot(point)) kept.push(point)
      }
    }
  }

  #slot(point: CurvePoint): number {
    return Math.floor(point[0] / this.#widthMs)
  }
}
