// Settings: flags before variables before defaults, strict numbers, all mistakes at once.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ConfigError, loadConfig, unknownVariables } from '../../gateway/config.ts'
import {
  describeSetting,
  flagOf,
  PROCESSES,
  serveSettings,
  settingNames,
  variableOf,
} from '../../gateway/settings.ts'
import { VERSION } from '../../gateway/version.ts'

/** The mistakes that a configuration has; none when it is good. */
function mistakesOf(flags: Record<string, string>, environment: Record<string, string> = {}) {
  try {
    loadConfig(serveSettings, flags, environment)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.mistakes
  }
}

describe('the settings', () => {
  test('are the defaults where nothing is said', () => {
    const settings = loadConfig(serveSettings, {}, {})
    expect(settings).toMatchObject({ host: '127.0.0.1', port: 7070, data: './data' })
    for (const name of settingNames(serveSettings)) {
      const { default: standard } = describeSetting(serveSettings, name)
      expect((settings as Record<string, unknown>)[name], name).toBe(standard)
    }
  })

  test('are taken from flags before variables before defaults', () => {
    const environment = { HOLDFAST_PORT: '1', HOLDFAST_HOST: '::1', PORT: '3' }
    expect(loadConfig(serveSettings, { port: '2' }, environment)).toMatchObject({
      port: 2,
      host: '::1',
      data: './data',
    })
    expect(loadConfig(serveSettings, {}, { HOLDFAST_PORT: '1' }).port).toBe(1)
    expect(loadConfig(serveSettings, { port: undefined }, { HOLDFAST_PORT: '1' }).port).toBe(1)
  })
})

describe.each(Object.entries(PROCESSES))('the settings of %s', (_, schema) => {
  test.each(settingNames(schema))('take %s from its variable and from its flag', (name) => {
    const { default: standard } = describeSetting(schema, name)
    const other = OTHERS[name] ?? anotherThan(standard)
    expect(String(loadConfig(schema, {}, { [variableOf(name)]: other })[name])).toBe(other)
    expect(String(loadConfig(schema, { [name]: other }, {})[name])).toBe(other)
    expect(variableOf(name)).toMatch(/^HOLDFAST_[A-Z_]+$/)
    expect(flagOf(name)).toMatch(/^--[a-z-]+$/)
  })

  test.each(settingNames(schema))(
    'say in words what %s is, and keep its default in bounds',
    (name) => {
      const { default: standard, description } = describeSetting(schema, name)
      expect(description).toMatch(/^[A-Z].*\.$/)
      if (standard === undefined) expect(loadConfig(schema, {}, {})).not.toHaveProperty(name)
      else
        expect(String(loadConfig(schema, { [name]: String(standard) }, {})[name])).toBe(
          String(standard),
        )
    },
  )
})

describe('a mistake', () => {
  test.each([
    '',
    ' ',
    '1e3',
    '0x10',
    '1.0',
    '+1',
    '7070 ',
    ' 7070',
    'abc',
    '7_070',
    'NaN',
    'Infinity',
    '-',
    '--1',
    '９',
    '0'.repeat(16),
  ])('in a number is found: %j', (said) => {
    expect(mistakesOf({ port: said })).toHaveLength(1)
    expect(mistakesOf({}, { HOLDFAST_PORT: said })).toHaveLength(1)
  })

  test.each([
    ['port', '-1'],
    ['port', '65536'],
    ['retentionMs', '59999'],
    ['retentionMs', '999999999999999'],
    ['segmentBytes', '1048575'],
    ['commitDeadlineMs', '99'],
    ['snapshotIntervalMs', '999'],
    ['diskLowBytes', '0'],
    ['drainMs', '99'],
    ['host', ''],
    ['data', ''],
    ['logLevel', 'verbose'],
    ['logLevel', 'INFO'],
    ['logLevel', 'info\n'],
  ])('beyond the bounds is found: %s of %j', (name, said) => {
    const [mistake, ...others] = mistakesOf({ [name]: said })
    expect(others).toEqual([])
    expect(mistake).toContain(flagOf(name))
    expect(mistake).toContain(JSON.stringify(said))
  })

  test('is told with all the others, each by the name it was said under', () => {
    const flags = { port: 'x', drainMs: '1' }
    const environment = { HOLDFAST_LOG_LEVEL: 'loud', HOLDFAST_PORT: '1', HOLDFAST_DATA: '' }
    const mistakes = mistakesOf(flags, environment)
    expect(mistakes.map((mistake) => mistake.split(':')[0])).toEqual([
      '--port',
      'HOLDFAST_DATA',
      'HOLDFAST_LOG_LEVEL',
      '--drain-ms',
    ])
    expect(() => loadConfig(serveSettings, flags, environment)).toThrow(
      /^4 mistakes in the configuration:\n {2}--port/,
    )
    expect(() => loadConfig(serveSettings, { port: 'x' }, {})).toThrow(
      /^1 mistake in the configuration:\n/,
    )
  })

  test('in the name of a variable is noticed', () => {
    const environment = { HOLDFAST_PROT: '1', HOLDFAST_PORT: '1', holdfast_port: '1', PATH: 'x' }
    expect(unknownVariables(environment)).toEqual(['HOLDFAST_PROT'])
  })
})

describe('the version', () => {
  test('is that of package.json', () => {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    expect(JSON.parse(text).version).toBe(VERSION)
  })
})

/** Legal values where a longer default is none. */
const OTHERS: Readonly<Record<string, string>> = {
  stockDetail: 'banded',
  logLevel: 'warn',
  port: '0',
  statusPort: '9464',
  partition: '1/2,0/2',
  acceptOlderJournal: 'yes',
  publicStock: 'yes',
  serverTiming: 'yes',
}

function anotherThan(standard: string | number | undefined): string {
  return typeof standard === 'number' ? String(standard + 1) : `${standard}x`
}
