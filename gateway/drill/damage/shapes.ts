// The shapes of the directories that are damaged: how large their blocks, how many their segments, how far written.

/** What a directory looks like. */
export interface Shape {
  readonly name: string
  readonly segmentBytes: number
  /** Events of one block, at least and at most. */
  readonly blockEvents: readonly [number, number]
  /** Blocks that each owner writes; a snapshot is taken after every owner but the last. */
  readonly ownerBlocks: readonly number[]
  /** How far the newest segment is written: anywhere, up to its first block, or to its opening block only. */
  readonly newest: 'any' | 'first-block' | 'opening'
}

export const SHAPES: readonly Shape[] = [
  {
    name: 'small-blocks',
    ...{ segmentBytes: 22_000, blockEvents: [1, 3], ownerBlocks: [100, 80, 60], newest: 'any' },
  },
  {
    name: 'large-blocks',
    ...{ segmentBytes: 80_000, blockEvents: [60, 250], ownerBlocks: [12, 10, 8], newest: 'any' },
  },
  {
    name: 'mixed-blocks',
    ...{ segmentBytes: 30_000, blockEvents: [1, 40], ownerBlocks: [30, 25, 20], newest: 'any' },
  },
  {
    name: 'one-segment',
    ...{ segmentBytes: 2 ** 30, blockEvents: [1, 20], ownerBlocks: [25, 20, 15], newest: 'any' },
  },
  {
    name: 'just-begun',
    ...{ segmentBytes: 24_000, blockEvents: [1, 12], ownerBlocks: [50, 40, 20] },
    newest: 'first-block',
  },
  {
    name: 'just-opened',
    ...{ segmentBytes: 24_000, blockEvents: [1, 12], ownerBlocks: [40, 40, 20] },
    newest: 'opening',
  },
]
