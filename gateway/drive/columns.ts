// Which column of a file holds what: `--columns` over the defaults, then the header. No I/O.
import { DriveError } from './errors.ts'

/** What drive needs to know of a line. */
const COLUMN_ROLES = ['time', 'order', 'sku', 'quantity', 'price', 'buyer'] as const
export type ColumnRole = (typeof COLUMN_ROLES)[number]

/** The header's name of each role's column. */
export type ColumnNames = Readonly<Record<ColumnRole, string>>

/** Where each role stands in a record, and how many fields a whole record has. */
export interface ColumnIndexes {
  readonly indexes: Readonly<Record<ColumnRole, number>>
  readonly fieldCount: number
}

/** The names in the "Online Retail" file. */
export const DEFAULT_COLUMNS: ColumnNames = {
  time: 'time',
  order: 'invoice',
  sku: 'sku',
  quantity: 'qty',
  price: 'unit_price',
  buyer: 'customer',
}

/**
 * Reads `time=when,sku=article`; roles left out keep their default name.
 * @returns the names, or a sentence that says what is wrong.
 */
export function parseColumns(text: string): ColumnNames | string {
  const names: Record<ColumnRole, string> = { ...DEFAULT_COLUMNS }
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=')
    const role = COLUMN_ROLES.find((known) => known === pair.slice(0, at).trim())
    const name = pair.slice(at + 1).trim()
    if (at < 0 || role === undefined || name === '') {
      return `"${pair}" is not role=column, with a role of ${COLUMN_ROLES.join(', ')}`
    }
    names[role] = name
  }
  return names
}

/**
 * Finds every role's column in the header of a file.
 * @throws DriveError `column_missing`, listing the header, when a name is absent or stands there twice.
 */
export function findColumns(header: readonly string[], names: ColumnNames): ColumnIndexes {
  const clean = header.map((name) => name.trim())
  const entries = COLUMN_ROLES.map((role) => [role, columnIndex(clean, role, names[role])] as const)
  const indexes = Object.fromEntries(entries) as Record<ColumnRole, number>
  return { indexes, fieldCount: header.length }
}

function columnIndex(header: readonly string[], role: ColumnRole, name: string): number {
  const index = header.indexOf(name)
  if (index >= 0 && header.indexOf(name, index + 1) < 0) return index
  const problem = index < 0 ? 'no column' : 'more than one column'
  throw new DriveError(
    'column_missing',
    `the file has ${problem} "${name}" for ${role}; its header is: ${header.join(', ')}. ` +
      `Name the columns with --columns ${role}=…`,
  )
}
