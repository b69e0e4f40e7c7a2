// MessagePack as strangers send it: a strict reader of what JSON could say as well, and the writer of our answers.
import { isUtf8 } from 'node:buffer'
import { packr } from '../../journal/message-pack.ts'
import { DEPTH_MAX } from '../api/json-body.ts'
import { RequestProblem } from '../api/problem-body.ts'

/** Plain data as MessagePack; members that are undefined are left out, as JSON leaves them out. */
export function writeMessagePack(value: object): Uint8Array {
  return packr.pack(present(value))
}

/**
 * The one value that `bytes` hold, if JSON could say it too: nil, booleans, finite numbers, text in UTF-8, arrays, and
 * maps whose keys are text and stand there once. Library readers would take the last of two equal keys, mend bad UTF-8, and make dates, sets
 * and numbers of another kind out of a stranger's extension types.
 * @throws RequestProblem `bad_request` for anything else.
 */
export function readMessagePack(bytes: Uint8Array): unknown {
  return new Reader(bytes).whole()
}

class Reader {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  whole(): unknown {
    const value = this.#value(0)
    if (this.#offset !== this.#bytes.length) throw refused('there is more behind its value')
    return value
  }

  #value(depth: number): unknown {
    const type = this.#bytes.readUInt8(this.#take(1))
    if (type < 0x80) return type
    if (type < 0x90) return this.#map(type & 0x0f, depth)
    if (type < 0xa0) return this.#array(type & 0x0f, depth)
    if (type < 0xc0) return this.#text(type & 0x1f)
    if (type >= 0xe0) return type - 0x100
    return type >= 0xca && type <= 0xd3 ? this.#number(type) : this.#other(type, depth)
  }

  #other(type: number, depth: number): unknown {
    switch (type) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xd9:
        return this.#text(this.#unsigned(1))
      case 0xda:
        return this.#text(this.#unsigned(2))
      case 0xdb:
        return this.#text(this.#unsigned(4))
      case 0xdc:
        return this.#array(this.#unsigned(2), depth)
      case 0xdd:
        return this.#array(this.#unsigned(4), depth)
      case 0xde:
        return this.#map(this.#unsigned(2), depth)
      case 0xdf:
        return this.#map(this.#unsigned(4), depth)
      default:
        throw refused('binary data and extension types are not taken')
    }
  }

  // Writers in some languages spend eight bytes on every integer, or make doubles of the large ones.
  #number(type: number): number {
    const value = this.#anyNumber(type)
    if (!Number.isFinite(value)) throw refused('its numbers must be finite')
    return value
  }

  #anyNumber(type: number): number {
    switch (type) {
      case 0xca:
        return this.#bytes.readFloatBE(this.#take(4))
      case 0xcb:
        return this.#bytes.readDoubleBE(this.#take(8))
      case 0xcf:
        return Number(this.#bytes.readBigUInt64BE(this.#take(8)))
      case 0xd3:
        return Number(this.#bytes.readBigInt64BE(this.#take(8)))
      default: {
        const length = 1 << (type & 3)
        const isSigned = type >= 0xd0
        return isSigned ? this.#bytes.readIntBE(this.#take(length), length) : this.#unsigned(length)
      }
    }
  }

  #unsigned(length: number): number {
    return this.#bytes.readUIntBE(this.#take(length), length)
  }

  #text(length: number): string {
    const from = this.#take(length)
    const bytes = this.#bytes.subarray(from, this.#offset)
    if (!isUtf8(bytes)) throw refused('its text is not valid UTF-8')
    return bytes.toString('utf8')
  }

  #array(length: number, depth: number): unknown[] {
    requireShallow(depth)
    const items: unknown[] = []
    // Grows as it is read: a length that lies costs nothing before the bytes run out.
    while (items.length < length) items.push(this.#value(depth + 1))
    return items
  }

  #map(length: number, depth: number): object {
    requireShallow(depth)
    // Without a prototype no key means anything but itself, `__proto__` included.
    const members = Object.create(null)
    for (let index = 0; index < length; index++) {
      const key = this.#value(depth + 1)
      if (typeof key !== 'string') throw refused('the keys of its maps must be text')
      if (key in members) throw refused('a key stands twice in one map')
      members[key] = this.#value(depth + 1)
    }
    return members
  }

  /** Where the next `length` bytes begin. */
  #take(length: number): number {
    const from = this.#offset
    if (length > this.#bytes.length - from) throw refused('it is cut off')
    this.#offset = from + length
    return from
  }
}

function present(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(present)
  const members: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) members[name] = present(member)
  }
  return members
}

function requireShallow(depth: number): void {
  if (depth >= DEPTH_MAX) throw refused('it nests too deeply')
}

function refused(why: string): RequestProblem {
  return new RequestProblem('bad_request', `The payload is not plain MessagePack: ${why}.`)
}
