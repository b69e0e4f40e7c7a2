// What can be wrong with a file of keys, by code.

/** Every fault of the key file, in words for docs/errors.md. */
export const KEY_FAULTS = {
  key_file_missing: 'There is no key file at that path.',
  key_file_unreadable:
    'The key file cannot be read or written; the message has the system’s reason.',
  key_file_malformed: 'The key file is not what `holdfast keys` writes, or others may write to it.',
  key_file_locked: 'Another `holdfast keys` holds the key file, or died while it did.',
  key_name_taken: 'A key of this name is in use; revoke it first.',
  key_unknown: 'No key that is in use has this id or name.',
} as const

export type KeyFaultCode = keyof typeof KEY_FAULTS

/** A key file that cannot be used, or does not have what was asked for. */
export class KeyFileError extends Error {
  readonly code: KeyFaultCode

  constructor(code: KeyFaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'KeyFileError'
    this.code = code
  }
}
