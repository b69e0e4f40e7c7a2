// What a run says beside its results, on stderr.

export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** With the stack, for whoever mends it. */
export function sayFailure(name: string, fault: unknown): void {
  say(`${name} failed: ${fault instanceof Error ? fault.stack : String(fault)}`)
}
