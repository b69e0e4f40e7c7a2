// Says in the journal's words what is wrong with a segment's file before anybody trusts its pages.
import { type Stats, statSync } from 'node:fs'
import { JournalError } from './errors.ts'
import { checkPages } from './lmdb-pages.ts'

/**
 * Refuses a segment's `file` that is missing, is no file, or whose pages do not fit together.
 * @throws JournalError `journal_damaged`, `journal_unreadable`.
 */
export function requireWholePages(file: string): void {
  const place = statOrExplain(file)
  if (place === undefined) {
    const message = `${file} is missing. Restore it from a backup; nothing was changed.`
    throw new JournalError('journal_damaged', message)
  }
  if (!place.isFile()) throw cannotBeRead(file, new Error('it is not a regular file'))
  try {
    checkPages(file)
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause) throw cannotBeRead(file, cause)
    const what = cause instanceof Error ? cause.message : String(cause)
    const message = `${file} is damaged: ${what}. Restore it from a backup; nothing was changed.`
    throw new JournalError('journal_damaged', message, { cause })
  }
}

/** No commit ever reached `file`: it is missing, or made and left empty. */
export function isUnwritten(file: string): boolean {
  const place = statOrExplain(file)
  return place === undefined || (place.isFile() && place.size === 0)
}

/** What to say when the system, or LMDB, lets nobody open or read `file`. */
export function cannotBeRead(file: string, cause: unknown): JournalError {
  const words = cause instanceof Error ? cause.message : String(cause)
  // LMDB sometimes adds, after a colon, what an earlier attempt of this process was about.
  const reason = words.replace(/: Attempting to .*/, '')
  return new JournalError(
    'journal_unreadable',
    `${file} cannot be read: ${reason}. Check its owner, mode and file system.`,
    { cause },
  )
}

function statOrExplain(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false })
  } catch (cause) {
    throw cannotBeRead(file, cause)
  }
}
