// How replay commands talk: results on stdout, progress and words on stderr, colour only where it is wanted.
import { styleText } from 'node:util'

/** Exit codes of all replay commands. */
export const EXIT = { whole: 0, fault: 1, usage: 2, discrepancy: 3 } as const

export interface OutputFlags {
  readonly json?: boolean
  readonly quiet?: boolean
}

const PROGRESS_MS = 200

/** Says on stderr why a question has no answer: `words` begin with the command's name. */
export function endWithFault(words: string): void {
  process.stderr.write(`replay ${words}\n`)
  process.exitCode = EXIT.fault
}

/** Says on stderr where a journal begins, when that is not with its first event. */
export function noteBase(command: string, baseSeq: number): void {
  if (baseSeq === 0) return
  process.stderr.write(
    `replay ${command}: the journal begins after seq ${baseSeq}; what came before was archived\n`,
  )
}

/** Prints one object as one line of JSON. */
export function printJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

/** Prints one line. The promise, where there is one, is to be waited for, so that memory does not grow with the answer. */
export function printLine(line: string): Promise<void> | undefined {
  if (process.stdout.write(`${line}\n`)) return undefined
  return new Promise((resolve) => process.stdout.once('drain', resolve))
}

/** Prints lines of `name  value`, the names padded to one column. */
export function printPairs(pairs: readonly (readonly [string, string])[]): void {
  const width = Math.max(...pairs.map(([name]) => name.length))
  for (const [name, value] of pairs) process.stdout.write(`${name.padEnd(width)}  ${value}\n`)
}

/** Prints rows under a head, columns padded; numbers are right-aligned. */
export function printTable(head: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const texts = rows.map((row) => row.map(cellText))
  const widths = widthsOf(head, texts)
  const line = (cells: readonly string[], source: readonly Cell[]) =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return typeof source[column] === 'number' ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  process.stdout.write(`${style('bold', line(head, head))}\n`)
  rows.forEach((row, index) => {
    process.stdout.write(`${line(texts[index] ?? [], row)}\n`)
  })
}

export type Cell = string | number | undefined

/** A count with its thousands separated. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** A count with its noun, which gets an s unless there is one. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

/** The seqs of a journal's events. One whose older segments were archived may have a segment, but no event yet. */
export function seqRange(firstSeq: number, lastSeq: number): string {
  const isEmpty = lastSeq === 0 || firstSeq > lastSeq
  return isEmpty
    ? `none, after seq ${count(lastSeq)}`
    : `seq ${count(firstSeq)} to ${count(lastSeq)}`
}

/** An instant as ISO text, or a dash. */
export function instant(at: number | undefined): string {
  return at === undefined ? '–' : new Date(at).toISOString()
}

/** Colours a text where stdout is a terminal and NO_COLOR is not set. */
export function style(format: 'bold' | 'green' | 'red' | 'yellow', text: string): string {
  const { NO_COLOR: noColor = '' } = process.env
  return process.stdout.isTTY === true && noColor === '' ? styleText(format, text) : text
}

/** A line on stderr that tells how far a walk has come, with rate and time left; only on a terminal. */
export class SeqProgress {
  readonly #total: number
  readonly #isOn: boolean
  readonly #startedAt = performance.now()
  #shownAt = 0

  constructor(total: number, flags: OutputFlags) {
    this.#total = total
    this.#isOn = process.stderr.isTTY === true && flags.quiet !== true
  }

  show(seq: number): void {
    const now = performance.now()
    if (!this.#isOn || seq === 0 || now - this.#shownAt < PROGRESS_MS) return
    this.#shownAt = now
    const perSecond = (seq * 1_000) / (now - this.#startedAt)
    const left = Math.max(0, (this.#total - seq) / perSecond)
    const share = Math.min(100, Math.round((100 * seq) / Math.max(1, this.#total)))
    const rate = `${count(Math.round(perSecond))} events/s, ${left.toFixed(0)} s left`
    process.stderr.write(`\r\x1b[K${share} %  seq ${count(seq)}  ${rate}`)
  }

  clear(): void {
    if (this.#isOn) process.stderr.write('\r\x1b[K')
  }
}

// In a loop: as arguments of one call, the rows of a long history would not fit on the stack.
function widthsOf(head: readonly string[], texts: readonly (readonly string[])[]): number[] {
  const widths = head.map((name) => name.length)
  for (const row of texts) {
    row.forEach((text, column) => {
      widths[column] = Math.max(widths[column] ?? 0, text.length)
    })
  }
  return widths
}

function cellText(cell: Cell): string {
  if (cell === undefined) return '–'
  return typeof cell === 'number' ? count(cell) : cell
}
