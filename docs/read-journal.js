// Reads a Holdfast journal of format 1 without Holdfast, as docs/journal-format.md says; never that of a running server:
// read a backup. Prints events as JSON, or units by SKU. Usage: node read-journal.js PARTITION [--state] [--at SEQ]
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { crc32 } from 'node:zlib'
import { open } from 'lmdb'
import { unpack } from 'msgpackr'

// By type, from 1: the event's name and its fields. An id takes four places, all others one.
const EVENTS = `configured retentionMs;opened sku stock rules by;changed sku rules by;
adjusted sku key delta reason by;reserved id sku buyer quantity holdMs meta;confirmed id quantity paymentId;
cancelled id;expired id;extended id holdMs;returned id returnedTotal`.split(/;\n?/)
const RULES = 'unitPrice currency holdMs maxHoldMs perBuyer opensAt closesAt paused'.split(' ')
const named = (names, values) => Object.fromEntries(names.map((name, at) => [name, values[at]]))
// Four signed words, most significant first, are 128 bits: 26 digits of five bits, Crockford's alphabet.
const toBits = (word) => (word >>> 0).toString(2).padStart(32, '0')
const toDigit = (five) => '0123456789ABCDEFGHJKMNPQRSTVWXYZ'[Number.parseInt(five, 2)]
const idText = (words) => `00${words.map(toBits).join('')}`.replace(/.{5}/g, toDigit)
// What an event adds to stock, available, held and sold of its SKU; `hold` is the event that reserved its id.
const end = ({ quantity: sold = 0 }, hold) => [0, hold.quantity - sold, -hold.quantity, sold]
const UNITS = {
  opened: ({ stock }) => [stock, stock, 0, 0],
  adjusted: ({ delta }) => [delta, delta, 0, 0],
  reserved: ({ quantity }) => [0, -quantity, quantity, 0],
  ...{ confirmed: end, cancelled: end, expired: end },
  returned: ({ returnedTotal: now }, { back = 0 }) => [0, now - back, 0, back - now],
}

// Segments by name, and keys within a segment (big-endian numbers), are both in order of seq.
function* readBlocks(journal) {
  const names = readdirSync(journal).filter((name) => /^segment-\d{16}$/.test(name))
  for (const name of names.sort()) {
    const path = `${journal}/${name}`
    const { size = 0 } = statSync(`${path}/data.mdb`, { throwIfNoEntry: false }) ?? {}
    assert(size > 0, `${path} is empty`)
    const asBytes = { encoding: 'binary', keyEncoding: 'binary' }
    const db = open({ path, readOnly: true, overlappingSync: false, ...asBytes })
    // LMDB maps the file into memory: to touch a page that was cut off would kill the process.
    assert(db.getStats().lastPageNumber * db.getStats().pageSize < size, `${path} is cut off`)
    for (const { key, value } of db.getRange({ snapshot: false })) {
      yield [path, Number(key.readBigUInt64BE() || name.slice(8)), value] // a first block has key 0
    }
  }
}

// Each block is proved by itself (length, checksum), then against the one before (seq, chain, epoch).
function* readEvents(journal, at) {
  let [last, epoch, hash, format, kind] = [0, 0, Buffer.alloc(16), 1, 0]
  for (const [path, seq, bytes] of readBlocks(journal)) {
    const check = (holds, why) => assert(holds, `${path}, block at seq ${seq}: ${why}`)
    check(bytes.length >= 68 && bytes.readUInt32BE(0) === 0x48464a42, 'this is no block')
    ;[format, kind] = [bytes.readUInt16BE(4), bytes.readUInt16BE(6)]
    check(format === 1 && kind <= 2, `its format ${format} or kind ${kind} is unknown`)
    check(bytes.length === 68 + bytes.readUInt32BE(60), 'its length is not what it says')
    const crc = crc32(bytes.subarray(68), crc32(bytes.subarray(0, 64)))
    check(crc === bytes.readUInt32BE(64), 'its checksum does not match')
    check(seq === last + 1 && Number(bytes.readBigUInt64BE(32)) === seq, `seq ${last + 1} is next`)
    check(hash.equals(bytes.subarray(44, 60)), 'it does not chain to the block before')
    check(bytes.readUInt32BE(28) >= epoch, 'its epoch is older than the one before')
    epoch = bytes.readUInt32BE(28)
    // Nothing chains to a CLOSING block (2): the next segment chains to the block before it.
    if (kind !== 2) hash = createHash('sha256').update(bytes).digest().subarray(0, 16)
    const [blockAt, ...events] = kind === 0 ? unpack(bytes.subarray(68)) : [0]
    check(events.length === bytes.readUInt32BE(40), 'its count is not what it says')
    for (const fields of events) yield toEvent(++last, blockAt, fields)
  }
  const next = new RegExp(`-0*${last + 1}(\\.draft-${epoch})?$`) // a segment, its draft or an archive's mark
  assert(kind !== 2 || readdirSync(journal).some((name) => next.test(name)), 'the rest is missing')
  assert(at === Infinity, `the journal ends at seq ${last}`)
}

function toEvent(seq, blockAt, [type, since, ...values]) {
  const [kind, ...names] = EVENTS[type - 1]?.split(' ') ?? []
  assert(kind !== undefined, `event ${seq} is of the unknown type ${type}`)
  if (names[0] === 'id') values.unshift(idText(values.splice(0, 4)))
  const event = { seq, at: blockAt + since, type: kind, ...named(names, values) }
  return event.rules === undefined ? event : { ...event, rules: named(RULES, event.rules) }
}

process.on('uncaughtException', ({ message }) => {
  process.stderr.write(`read-journal: ${message}\n`)
  process.exit(1)
})
const options = { at: { type: 'string', default: 'Infinity' }, state: { type: 'boolean' } }
const { values: asked, positionals } = parseArgs({ options, allowPositionals: true })
const [skus, holds] = [new Map(), new Map()]
for (const event of readEvents(`${positionals[0]}/journal`, Number(asked.at))) {
  if (!asked.state) process.stdout.write(`${JSON.stringify(event)}\n`)
  if (event.type === 'reserved') holds.set(event.id, event)
  const hold = holds.get(event.id) ?? event
  const added = UNITS[event.type]?.(event, hold) ?? [0, 0, 0, 0]
  const before = skus.get(hold.sku) ?? { stock: 0, available: 0, held: 0, sold: 0 }
  const after = Object.entries(before).map(([name, units], at) => [name, units + added[at]])
  if (hold.sku !== undefined) skus.set(hold.sku, Object.fromEntries(after))
  hold.back = event.returnedTotal
  if (event.seq === Number(asked.at)) break
}
if (asked.state) process.stdout.write(`${JSON.stringify(Object.fromEntries(skus))}\n`)
