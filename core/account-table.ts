// One account per (SKU, buyer): the units that the buyer holds or bought, for the per-buyer limit.
// The buyer's name lives here once, as bytes; records of one size share pages that are never copied.
import { finishHash } from './finish-hash.ts'
import { HashIndex, NO_ROW } from './hash-index.ts'
import { invariant } from './invariant.ts'
import { BUYER_LENGTH_MAX } from './limits.ts'

const HEADER_WORDS = 3
const SKU_INDEX = 0
const UNITS = 1
const RESERVATIONS = 2
const TEXT_BYTE = HEADER_WORDS * 4

// A reference is the record's size class in the high bits and its number within the class in the low ones.
export const NUMBER_BITS = 26
export const NUMBER_MASK = (1 << NUMBER_BITS) - 1
const RECORDS_PER_PAGE_BITS = 10
const RECORDS_PER_PAGE = 1 << RECORDS_PER_PAGE_BITS
const SIZE_CLASSES = Math.ceil((1 + BUYER_LENGTH_MAX) / 4)

// FNV's low bits mix well, its high ones late, and the index uses the high ones first: hence `finishHash`.
const FNV_PRIME = 0x01000193

invariant(SIZE_CLASSES << NUMBER_BITS < 2 ** 31, 'a reference fits a signed word')

/** Records of one size: pages, a free list, and how many were ever handed out. */
interface SizeClass {
  readonly wordsPerRecord: number
  readonly words: Int32Array[]
  readonly bytes: Uint8Array[]
  allocated: number
  freeHead: number
}

/** Accounts by reference, and by (SKU, buyer). */
export class AccountTable {
  readonly #classes: SizeClass[]
  readonly #byBuyer: HashIndex = new HashIndex()
  readonly #seed: number
  #count = 0

  /** `seed` must be unguessable where buyers choose their names: it keeps them from steering the index. */
  constructor(seed: number) {
    this.#seed = seed
    this.#classes = Array.from({ length: SIZE_CLASSES }, (_, index) => ({
      wordsPerRecord: HEADER_WORDS + 1 + index,
      words: [],
      bytes: [],
      allocated: 0,
      freeHead: NO_ROW,
    }))
  }

  get count(): number {
    return this.#count
  }

  /** Bytes that pages and index occupy. */
  get bytes(): number {
    let total = this.#byBuyer.bytes
    for (const size of this.#classes) {
      total += size.words.length * RECORDS_PER_PAGE * size.wordsPerRecord * 4
    }
    return total
  }

  /** Accounts ever handed out by size class, those that are free again included: numbers in a class are below it. */
  get allocated(): readonly number[] {
    return this.#classes.map(({ allocated }) => allocated)
  }

  /** The account of `buyer` at the SKU, or NO_ROW. */
  find(skuIndex: number, buyer: string): number {
    return this.#findByHash(this.#hash(skuIndex, buyer), skuIndex, buyer)
  }

  /** Brings what finding the account of `buyer` begins with into the cache; see HashIndex. */
  touch(skuIndex: number, buyer: string): number {
    return this.#byBuyer.touch(this.#hash(skuIndex, buyer))
  }

  /** The account of `buyer` at the SKU, opened when there is none. */
  findOrOpen(skuIndex: number, buyer: string): number {
    const hash = this.#hash(skuIndex, buyer)
    const found = this.#findByHash(hash, skuIndex, buyer)
    return found === NO_ROW ? this.#open(hash, skuIndex, buyer) : found
  }

  /** Drops the account when nothing refers to it: no units, no remembered reservation. */
  closeIfIdle(account: number): void {
    if (this.units(account) !== 0 || this.reservations(account) !== 0) return
    this.#byBuyer.remove(account, this.#hashOf(account))
    const size = this.#classOf(account)
    this.#setWord(account, UNITS, size.freeHead)
    this.#setWord(account, SKU_INDEX, NO_ROW)
    size.freeHead = account & NUMBER_MASK
    this.#count--
  }

  skuIndex(account: number): number {
    return this.#word(account, SKU_INDEX)
  }
  /** Units held and sold (returned ones are neither). */
  units(account: number): number {
    return this.#word(account, UNITS)
  }
  /** Remembered reservations, in any state. */
  reservations(account: number): number {
    return this.#word(account, RESERVATIONS)
  }
  addUnits(account: number, delta: number): void {
    const units = this.units(account) + delta
    invariant(units >= 0, "a buyer's units are not negative")
    this.#setWord(account, UNITS, units)
  }
  addReservations(account: number, delta: number): void {
    const reservations = this.reservations(account) + delta
    invariant(reservations >= 0, "a buyer's reservations are not negative")
    this.#setWord(account, RESERVATIONS, reservations)
  }

  /** The buyer's name. Allocates: for answers about old reservations, not for new ones. */
  buyer(account: number): string {
    const bytes = this.#bytesOf(account)
    const start = this.#textStart(account)
    let text = ''
    const length = bytes[start] as number
    for (let index = 1; index <= length; index++) {
      text += String.fromCharCode(bytes[start + index] as number)
    }
    return text
  }

  /** Characters of the buyer's name. */
  buyerLength(account: number): number {
    return this.#bytesOf(account)[this.#textStart(account)] as number
  }

  /** One character of the buyer's name, as a code; `index` is below its length. */
  buyerCode(account: number, index: number): number {
    return this.#bytesOf(account)[this.#textStart(account) + 1 + index] as number
  }

  /** Calls `visit` with every account, in no particular order. */
  forEach(visit: (account: number) => void): void {
    for (let index = 0; index < this.#classes.length; index++) {
      const size = this.#classes[index] as SizeClass
      for (let number = 0; number < size.allocated; number++) {
        const account = (index << NUMBER_BITS) | number
        if (this.skuIndex(account) !== NO_ROW) visit(account)
      }
    }
  }

  /** A hash of the buyer's name that no seed enters: the same in every process. */
  hashOfBuyer(account: number): number {
    return this.#hashRecord(account, 0)
  }

  #hashOf(account: number): number {
    return this.#hashRecord(account, this.#seed ^ this.skuIndex(account))
  }

  #hashRecord(account: number, basis: number): number {
    const bytes = this.#bytesOf(account)
    const start = this.#textStart(account)
    const length = bytes[start] as number
    let hash = basis
    for (let index = 1; index <= length; index++) {
      hash = Math.imul(hash ^ (bytes[start + index] as number), FNV_PRIME)
    }
    return finishHash(hash)
  }

  #hash(skuIndex: number, buyer: string): number {
    let hash = this.#seed ^ skuIndex
    for (let index = 0; index < buyer.length; index++) {
      hash = Math.imul(hash ^ buyer.charCodeAt(index), FNV_PRIME)
    }
    return finishHash(hash)
  }

  #findByHash(hash: number, skuIndex: number, buyer: string): number {
    let account = this.#byBuyer.first(hash)
    while (account !== NO_ROW && !this.#is(account, skuIndex, buyer)) account = this.#byBuyer.next()
    return account
  }

  #open(hash: number, skuIndex: number, buyer: string): number {
    invariant(
      buyer.length >= 1 && buyer.length <= BUYER_LENGTH_MAX,
      'a buyer has a name of legal length',
    )
    const account = this.#allocate((buyer.length + 4) >> 2)
    this.#setWord(account, SKU_INDEX, skuIndex)
    this.#setWord(account, UNITS, 0)
    this.#setWord(account, RESERVATIONS, 0)
    this.#writeBuyer(account, buyer)
    this.#byBuyer.insert(account, hash)
    this.#count++
    return account
  }

  #writeBuyer(account: number, buyer: string): void {
    const bytes = this.#bytesOf(account)
    const start = this.#textStart(account)
    bytes[start] = buyer.length
    for (let index = 0; index < buyer.length; index++) {
      bytes[start + 1 + index] = buyer.charCodeAt(index)
    }
  }

  #allocate(textWords: number): number {
    const index = textWords - 1
    const size = this.#classes[index] as SizeClass
    if (size.freeHead !== NO_ROW) {
      const account = (index << NUMBER_BITS) | size.freeHead
      size.freeHead = this.#word(account, UNITS)
      return account
    }
    if (size.allocated === size.words.length * RECORDS_PER_PAGE) addPage(size)
    return (index << NUMBER_BITS) | size.allocated++
  }

  #is(account: number, skuIndex: number, buyer: string): boolean {
    if (this.skuIndex(account) !== skuIndex) return false
    const bytes = this.#bytesOf(account)
    const start = this.#textStart(account)
    if (bytes[start] !== buyer.length) return false
    for (let index = 0; index < buyer.length; index++) {
      if (bytes[start + 1 + index] !== buyer.charCodeAt(index)) return false
    }
    return true
  }

  #textStart(account: number): number {
    return this.#base(account) * 4 + TEXT_BYTE
  }

  #word(account: number, offset: number): number {
    return this.#wordsOf(account)[this.#base(account) + offset] as number
  }

  #setWord(account: number, offset: number, value: number): void {
    this.#wordsOf(account)[this.#base(account) + offset] = value
  }

  #base(account: number): number {
    return (account & (RECORDS_PER_PAGE - 1)) * this.#classOf(account).wordsPerRecord
  }

  #wordsOf(account: number): Int32Array {
    const page = (account & NUMBER_MASK) >>> RECORDS_PER_PAGE_BITS
    return this.#classOf(account).words[page] as Int32Array
  }

  #bytesOf(account: number): Uint8Array {
    const page = (account & NUMBER_MASK) >>> RECORDS_PER_PAGE_BITS
    return this.#classOf(account).bytes[page] as Uint8Array
  }

  #classOf(account: number): SizeClass {
    return this.#classes[account >>> NUMBER_BITS] as SizeClass
  }
}

function addPage(size: SizeClass): void {
  const words = new Int32Array(RECORDS_PER_PAGE * size.wordsPerRecord)
  size.words.push(words)
  size.bytes.push(new Uint8Array(words.buffer))
}
