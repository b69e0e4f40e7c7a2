// One record as a line of CSV (RFC 4180).

const NEEDS_QUOTES = /[",\r\n]/

/** The values joined by commas: undefined is empty, objects are JSON. */
export function csvLine(values: readonly unknown[]): string {
  return values.map(csvField).join(',')
}

function csvField(value: unknown): string {
  if (value === undefined) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
