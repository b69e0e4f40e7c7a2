// How hashes end, wherever high bits and low ones must be equally good.
/** Spreads every bit of a 32-bit hash over all others, and no two hashes to the same: murmur3's finaliser. */
export function finishHash(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
