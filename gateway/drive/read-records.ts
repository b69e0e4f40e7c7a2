// A CSV file, plain or gzipped, as a stream of records. Never the whole file in memory.
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { Parser } from 'csv-parse'
import { DriveError, reasonOf } from './errors.ts'

const RECORD_BYTES_MAX = 131_072
const CHUNK_BYTES = 65_536

/** The fields of one record, in the order of the header. */
export type CsvRecord = readonly string[]

/**
 * Yields the records of a file, the header first, in groups of about a thousand: one await per group, as one
 * per record would cost more than parsing it. Empty lines are skipped; a stray quote is taken literally.
 * @throws DriveError `file_unreadable`; `file_malformed` for a quote that never closes, because what follows
 * it cannot be told from data.
 */
export async function* readRecords(file: string): AsyncGenerator<readonly CsvRecord[]> {
  const isGzipped = await startsLikeGzip(file)
  const source = createReadStream(file, { highWaterMark: CHUNK_BYTES })
  const bytes = isGzipped ? source.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : source
  source.on('error', (error) => bytes.destroy(error))
  const splitter = createSplitter(file)
  try {
    for await (const chunk of bytes) yield splitter.split(chunk)
    yield await splitter.end()
  } catch (error) {
    if (error instanceof DriveError) throw error
    throw new DriveError('file_unreadable', `${file} cannot be read: ${reasonOf(error)}`, error)
  } finally {
    source.destroy()
  }
}

async function startsLikeGzip(file: string): Promise<boolean> {
  try {
    const handle = await open(file)
    try {
      const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(2), position: 0 })
      return bytesRead === 2 && buffer.readUInt16BE() === 0x1f8b
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new DriveError('file_unreadable', `${file} cannot be read: ${reasonOf(error)}`, error)
  }
}

interface Splitter {
  split(chunk: Buffer): CsvRecord[]
  end(): Promise<CsvRecord[]>
}

/**
 * csv-parse as a function from bytes to records: it parses within `write`, so that reading right after it
 * drains what was parsed. Its `on_record` would be neater and takes twice the time.
 */
function createSplitter(file: string): Splitter {
  const parser = new Parser({
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: RECORD_BYTES_MAX,
  })
  // Failures are read from `errored`; without a listener they would end the process.
  parser.on('error', () => {})
  const drain = (): CsvRecord[] => {
    const records: CsvRecord[] = []
    for (let record = parser.read(); record !== null; record = parser.read()) records.push(record)
    if (parser.errored !== null) throw malformed(file, parser)
    return records
  }
  return {
    split(chunk) {
      parser.write(chunk)
      return drain()
    },
    async end() {
      const closed = new Promise((resolve) => parser.once('close', resolve))
      parser.end()
      const records = drain()
      await closed
      return [...records, ...drain()]
    },
  }
}

function malformed(file: string, parser: Parser): DriveError {
  const problem = 'a quote opens that is never closed, or a record is longer than 128 KiB'
  const { lines, records } = parser.info
  const place = `after record ${records}, by line ${lines}`
  return new DriveError('file_malformed', `${file}, ${place}: ${problem}`, parser.errored)
}
