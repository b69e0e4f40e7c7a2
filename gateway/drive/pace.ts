// When a line is due: the file's own time, compressed. The caller brings the clock.

/** `max` is as fast as possible; a number is how many times faster than real time. */
export type Speed = 'max' | number

export interface PaceOptions {
  readonly speed: Speed
  /** Milliseconds of any steady clock. */
  readonly nowMs: () => number
}

/** Says how many milliseconds too early a line is; 0 when it is due, overdue, or the speed is `max`. */
export function createPace(options: PaceOptions): (timeMs: number) => number {
  const { speed, nowMs } = options
  if (speed === 'max') return () => 0
  let firstTimeMs: number | undefined
  let beganAtMs = 0
  return (timeMs) => {
    if (firstTimeMs === undefined) {
      firstTimeMs = timeMs
      beganAtMs = nowMs()
    }
    const dueAtMs = beganAtMs + (timeMs - firstTimeMs) / speed
    return Math.max(0, dueAtMs - nowMs())
  }
}
