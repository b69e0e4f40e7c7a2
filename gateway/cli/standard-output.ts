// Where a server's log goes: standard output, whose reader may be slow, or gone.
import { type DestinationStream, pino } from 'pino'

/** Of lines that standard output does not take yet. */
const WAITING_BYTES_MAX = 2 ** 20

/**
 * Writes every line at once. Where the reader is slow, 1 MiB waits, and what is beyond it is dropped; once it is gone,
 * lines go nowhere. Neither stops or delays whoever logs.
 *
 * The library's own destination would (sonic-boom 4.2.1): errors other than EPIPE are thrown at whoever logs, and
 * `flushSync`, which a fatal line calls, tries a write that cannot succeed for ever. So nothing is left here to flush.
 */
export function standardOutput(): DestinationStream {
  const stdout = pino.destination({
    dest: process.stdout.fd,
    sync: true,
    maxLength: WAITING_BYTES_MAX,
    retryEAGAIN: () => false,
  })
  let isRead = true
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'EAGAIN') isRead = false
  })
  return { write: (line) => void (isRead && stdout.write(line)) }
}
