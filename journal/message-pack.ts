// MessagePack as blocks and snapshots use it: the plain subset that any reader knows, set once for both.
import { Packr } from 'msgpackr'

/** Records, shared structures and extension types stay out of what must be readable for years. */
export const packr: Packr = new Packr({
  useRecords: false,
  moreTypes: false,
  structuredClone: false,
})
