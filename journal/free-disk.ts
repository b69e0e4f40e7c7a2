// How much room the journal has left. Looked at before LMDB opens anything: on a full disk it would die of SIGBUS.
import { statfsSync } from 'node:fs'
import { JournalError } from './errors.ts'

/** Bytes that an unprivileged process may still write on the file system of `path`. */
export function freeDiskBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

const TO_START =
  'to open the journal safely. Make room, or archive closed segments, then start again.'

/** @throws JournalError `disk_full` when `path` has less than `neededBytes` free; `purpose` goes on from "needs so many". */
export function requireFreeDisk(path: string, neededBytes: number, purpose = TO_START): void {
  const free = freeDiskBytes(path)
  if (free >= neededBytes) return
  throw new JournalError(
    'disk_full',
    `${path} has ${free} bytes free and needs ${neededBytes} ${purpose}`,
  )
}
