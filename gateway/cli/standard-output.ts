// Where a server's log goes: standard output, whose reader may be slow, or gone.
import { type DestinationStream, pino } from 'pino'

/** Of lines that standard output does not take yet. */
const WAITING_BYTES_MAX = 2 ** 20
/** When what it did not take is tried again, unless another line comes before. */
const RETRY_MS = 50

/**
 * Writes every line at once, as far as standard output takes it. Where its reader is slow, or a disk full, 1 MiB waits, and
 * what is beyond it is dropped; once the reader is gone, lines go nowhere. Neither stops or delays whoever logs. What
 * waits when the process ends is tried once more.
 *
 * The library's own destination would stop it (sonic-boom 4.2.1): errors other than EPIPE are thrown at whoever logs, and
 * `flushSync`, which a fatal line calls, tries a write that cannot succeed for ever. So that one is not offered here.
 */
export function standardOutput(): DestinationStream {
  const stdout = pino.destination({
    dest: process.stdout.fd,
    sync: true,
    maxLength: WAITING_BYTES_MAX,
    retryEAGAIN: () => false,
  })
  let isRead = true
  let retry: NodeJS.Timeout | undefined
  const write = (line: string): void => void (isRead && stdout.write(line))
  const writeWaiting = (): void => {
    if (retry === undefined) return
    clearTimeout(retry)
    retry = undefined
    write('')
  }
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') isRead = false
    else retry ??= setTimeout(writeWaiting, RETRY_MS).unref()
  })
  process.once('exit', writeWaiting)
  return { write }
}
