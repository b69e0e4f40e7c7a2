// If-None-Match, the question whether a copy is still fresh (RFC 9110, section 13.1.2).

/** One entity tag; the comparison is the weak one, so what stands before the quotes does not count. */
const TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

/** Whether what `header` says includes `etag`, a strong tag in quotes. What cannot be read includes nothing. */
export function isStillFresh(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  for (const [, tag] of header.matchAll(TAG)) if (tag === etag) return true
  return false
}
