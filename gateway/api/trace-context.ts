// W3C Trace Context: which trace of the caller's a request belongs to. Passed on and logged, never made here.

/** Version 00; ids of zeros only are none, and letters are small. */
export const TRACEPARENT = '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$'
const PATTERN = new RegExp(TRACEPARENT)

/** What log lines say of a trace: its id, and the span that called us. */
export interface TraceIds {
  readonly traceId: string
  readonly spanId: string
}

/** `header` when it is a well-formed `traceparent`; undefined otherwise: the standard has bad ones ignored. */
export function readTraceparent(header: unknown): string | undefined {
  return typeof header === 'string' && PATTERN.test(header) ? header : undefined
}

/** The ids of a well-formed `traceparent`. */
export function traceIds(traceparent: string): TraceIds {
  return { traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52) }
}
