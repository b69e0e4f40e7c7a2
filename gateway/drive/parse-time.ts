// ISO 8601 times of order files. No clock: a text either names an instant or it does not.

const ISO_TIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:\s?(Z|z|[+-]\d{2}(?::?\d{2})?))?)?$/

/**
 * The instant a text names, in ms since 1970: with or without seconds, fraction and zone; no zone means UTC,
 * a date alone its midnight. Undefined when it is no such text or names a day or hour that does not exist.
 */
export function parseTime(text: string): number | undefined {
  const match = ISO_TIME.exec(text.trim())
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0))
  if (year === undefined || month === undefined || day === undefined) return undefined
  if (hour === undefined || minute === undefined || second === undefined) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const dayMs = Date.UTC(year, month - 1, day)
  // Date.UTC turns 30 February into March: a date that does not come back unchanged does not exist.
  const date = new Date(dayMs)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const offsetMinutes = zoneOffsetMinutes(match[8])
  if (offsetMinutes === undefined) return undefined
  const fractionMs = Math.trunc(Number(`0.${match[7] ?? '0'}`) * 1000)
  return dayMs + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1000 + fractionMs
}

function zoneOffsetMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || '0')
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}
