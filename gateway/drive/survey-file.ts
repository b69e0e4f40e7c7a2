// The first pass over the file: what will be asked for, so that stock can be derived and memory stays small.
import type { Line } from './classify-line.ts'
import { type OrderFile, readLines } from './read-lines.ts'

/** What the file asks of one SKU. */
export interface SkuDemand {
  /** The sum of all sale quantities: gross, returns are not taken off. */
  units: number
  /** Of the first sale line, in minor currency units. */
  readonly priceMinorUnits: number
}

export interface FileSurvey {
  readonly lineCount: number
  readonly demand: ReadonlyMap<string, SkuDemand>
  /** `returnKey` of every return line: only purchases found here need to be remembered. */
  readonly returnKeys: ReadonlySet<string>
  readonly mappedSkus: ReadonlyMap<string, string>
}

/** Names the purchases that a return may refer to. Ids hold no blank, so the key is unambiguous. */
export function returnKey(buyer: string, sku: string): string {
  return `${buyer} ${sku}`
}

/**
 * Reads the whole file once. `onLines` is told how many lines were read so far.
 * @throws DriveError when the file cannot be read.
 */
export async function surveyFile(
  source: OrderFile,
  onLines: (lineCount: number) => void,
): Promise<FileSurvey> {
  const demand = new Map<string, SkuDemand>()
  const returnKeys = new Set<string>()
  let mappedSkus: ReadonlyMap<string, string> = new Map()
  let lineCount = 0
  for await (const { lines, classifier } of readLines(source)) {
    for (const line of lines) surveyLine(line, demand, returnKeys)
    lineCount += lines.length
    mappedSkus = classifier.mappedSkus
    onLines(lineCount)
  }
  return { lineCount, demand, returnKeys, mappedSkus }
}

function surveyLine(line: Line, demand: Map<string, SkuDemand>, returnKeys: Set<string>): void {
  if (line.kind === 'return' && line.buyer !== undefined) {
    returnKeys.add(returnKey(line.buyer, line.sku))
  }
  if (line.kind !== 'sale') return
  const known = demand.get(line.sku)
  if (known === undefined) {
    demand.set(line.sku, { units: line.quantity, priceMinorUnits: line.priceMinorUnits })
  } else {
    known.units += line.quantity
  }
}
