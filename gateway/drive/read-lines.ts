// The lines of an order file, numbered and classified. Both passes over the file read them here.
import { type Classifier, createClassifier, type Line } from './classify-line.ts'
import { type ColumnNames, findColumns } from './columns.ts'
import { DriveError } from './errors.ts'
import { currencyDigits } from './parse-price.ts'
import { readRecords } from './read-records.ts'

export interface OrderFile {
  readonly file: string
  readonly columns: ColumnNames
  /** ISO 4217 code of the file's prices. */
  readonly currency: string
  /** At most so many lines after the header; undefined for all. */
  readonly limit: number | undefined
}

/** Some lines of the file, and what classified them. */
export interface LineGroup {
  readonly lines: readonly Line[]
  readonly classifier: Classifier
}

/**
 * Yields the lines of a file in groups of about a thousand, numbered from 1 after the header.
 * @throws DriveError when the file cannot be read, has no header, or lacks a column.
 */
export async function* readLines(source: OrderFile): AsyncGenerator<LineGroup> {
  const limit = source.limit ?? Number.POSITIVE_INFINITY
  let classifier: Classifier | undefined
  let line = 0
  for await (const records of readRecords(source.file)) {
    let index = 0
    const header = records[0]
    if (classifier === undefined && header !== undefined) {
      const columns = findColumns(header, source.columns)
      classifier = createClassifier(columns, currencyDigits(source.currency))
      index = 1
    }
    if (classifier === undefined) continue
    const lines: Line[] = []
    for (const record of records.slice(index, index + limit - line)) {
      line += 1
      lines.push(classifier.classify(record, line))
    }
    yield { lines, classifier }
    if (line >= limit) return
  }
  if (classifier === undefined) {
    throw new DriveError('column_missing', `${source.file} is empty: it has no header`)
  }
}
