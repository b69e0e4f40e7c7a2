// Settings from the environment and the command line: flags before variables before defaults, all mistakes at once.
import type { Static, TObject } from '#typebox'
import Value from '#typebox/value'
import {
  API_KEY_VARIABLE,
  describeSetting,
  flagOf,
  PROCESSES,
  settingNames,
  variableOf,
} from './settings.ts'

/** Exit code for a configuration that makes no sense (EX_CONFIG of sysexits). */
export const EXIT_CONFIG = 78

/** The configuration is wrong; `mistakes` names every one of them by its flag or variable. */
export class ConfigError extends Error {
  readonly code = 'config_invalid'
  readonly mistakes: readonly string[]

  constructor(mistakes: readonly string[]) {
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`
    super(`${count} in the configuration:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`)
    this.name = 'ConfigError'
    this.mistakes = mistakes
  }
}

/** What was said on the command line, by setting; texts as typed. */
export type Flags = { readonly [name: string]: string | undefined }

/**
 * The complete settings of the process with `schema`. `environment` is usually process.env.
 * @throws ConfigError that lists every mistake.
 */
export function loadConfig<Schema extends TObject>(
  schema: Schema,
  flags: Flags,
  environment: NodeJS.ProcessEnv,
): Static<Schema> {
  const found: Record<string, unknown> = {}
  const mistakes: string[] = []
  for (const name of settingNames(schema)) {
    const flag = flags[name]
    const said = flag ?? environment[variableOf(name)]
    const { type, default: standard } = describeSetting(schema, name)
    const value = said === undefined ? standard : parse(said, type)
    if (value === undefined) continue
    found[name] = value
    for (const error of Value.Errors(schema.properties[name] ?? {}, value)) {
      const source = flag === undefined ? variableOf(name) : flagOf(name)
      mistakes.push(`${source}: ${error.message} (got ${JSON.stringify(said)})`)
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return Value.Parse(schema, found)
}

/** Variables that look like settings and are none of any process: typing mistakes, most likely. */
export function unknownVariables(environment: NodeJS.ProcessEnv): string[] {
  const known = new Set(Object.values(PROCESSES).flatMap(settingNames).map(variableOf))
  known.add(API_KEY_VARIABLE)
  return Object.keys(environment).filter((name) => name.startsWith('HOLDFAST_') && !known.has(name))
}

// Whole decimal numbers only: "1e3", "0x10" and "" are mistakes, not numbers.
function parse(said: string, type: string): string | number {
  return type === 'integer' && /^-?\d{1,15}$/.test(said) ? Number(said) : said
}
