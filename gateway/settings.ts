// Every setting of `holdfast serve`, once: names, bounds, defaults and words for variables, flags and documents.
import { type Static, Type } from 'typebox'
import { RETENTION_MS_DEFAULT, RETENTION_MS_MAX, RETENTION_MS_MIN } from '../core/limits.ts'

const MEBIBYTE = 2 ** 20

/** The settings by their camel-case name; `HOLDFAST_LIKE_THIS` and `--like-this` are derived from it. */
export const settingsSchema = Type.Object({
  host: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on. There is no authentication yet: keep it on loopback.',
  }),
  port: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 7070,
    description: 'TCP port to listen on; 0 takes a free one.',
  }),
  data: Type.String({
    minLength: 1,
    default: './data',
    description: 'Directory of the journal and the snapshots; created when missing.',
  }),
  logLevel: Type.String({
    pattern: '^(fatal|error|warn|info|debug|trace|silent)$',
    default: 'info',
    description:
      'Least severe log line to write: fatal, error, warn, info, debug, trace or silent.',
  }),
  retentionMs: Type.Integer({
    minimum: RETENTION_MS_MIN,
    maximum: RETENTION_MS_MAX,
    default: RETENTION_MS_DEFAULT,
    description: 'How long ended reservations and adjustment keys are remembered, in ms.',
  }),
  segmentBytes: Type.Integer({
    minimum: MEBIBYTE,
    maximum: 32 * 1024 * MEBIBYTE,
    default: 256 * MEBIBYTE,
    description: 'Size at which a journal segment is closed and the next one begun, in bytes.',
  }),
  commitDeadlineMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 10_000,
    description: 'A commit that takes longer stops the server, in ms.',
  }),
  snapshotIntervalMs: Type.Integer({
    minimum: 1_000,
    maximum: 86_400_000,
    default: 300_000,
    description: 'How often a snapshot is written when events have come, in ms.',
  }),
  diskLowBytes: Type.Integer({
    minimum: 16 * MEBIBYTE,
    maximum: 1024 * 1024 * MEBIBYTE,
    default: 256 * MEBIBYTE,
    description: 'Free disk below which no new reservations are taken, in bytes.',
  }),
  drainMs: Type.Integer({
    minimum: 100,
    maximum: 600_000,
    default: 10_000,
    description: 'How long a shutdown may take before it is forced, in ms.',
  }),
})

export type Settings = Static<typeof settingsSchema>
export type SettingName = keyof Settings

/** What a setting's schema says to people. */
export interface SettingWords {
  readonly type: string
  readonly description: string
  readonly default: string | number
}

/** The names of all settings, in the order of the documents. */
export const SETTING_NAMES: readonly SettingName[] = Object.keys(
  settingsSchema.properties,
) as SettingName[]

/** The environment variable of a setting: `logLevel` is `HOLDFAST_LOG_LEVEL`. */
export function variableOf(name: SettingName): string {
  return `HOLDFAST_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** The command-line flag of a setting: `logLevel` is `--log-level`. */
export function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** A setting in words and with its default, for help and documents. */
export function describeSetting(name: SettingName): SettingWords {
  return settingsSchema.properties[name] as unknown as SettingWords
}
