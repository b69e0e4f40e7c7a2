// Every gate must be able to fail: small offences, each put where it must not be, each found by the rule that is for it.
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runTool } from '../fixtures/run-tool.ts'
import { ROOT } from '../fixtures/source-files.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

interface Canary {
  readonly path: string
  readonly code: string
  /** The rule that must find it, or what a rule of our own says. */
  readonly rule: string
}

const IMPORTS = 'lint/style/noRestrictedImports'
const GLOBALS = 'lint/style/noRestrictedGlobals'

const canary = (path: string, rule: string, ...lines: string[]): Canary => ({
  path,
  rule,
  code: `// A canary: it must be found.\n${lines.join('\n')}\n`,
})

const longFunction = (lines: number): string[] => [
  'export function long(): number {',
  '  let sum = 0',
  ...Array.from({ length: lines - 2 }, (_, line) => `  sum += ${line}`),
  '  return sum',
  '}',
]

const CANARIES: readonly Canary[] = [
  canary('core/node.ts', IMPORTS, "export { readFileSync } from 'node:fs'"),
  canary('core/node-deep.ts', IMPORTS, "export { readFile } from 'node:fs/promises'"),
  canary('core/package.ts', IMPORTS, "export { open } from 'lmdb'"),
  canary('core/scoped.ts', IMPORTS, "export { x } from '@fastify/swagger'"),
  canary('core/journal.ts', IMPORTS, "export { JournalError } from '../journal/errors.ts'"),
  canary('core/type.ts', IMPORTS, "export type { Settings } from '../gateway/settings.ts'"),
  canary('core/detour.ts', IMPORTS, "export { x } from './../journal/errors.ts'"),
  canary('core/now.ts', GLOBALS, 'export const now = (): number => Date.now()'),
  canary('core/new-date.ts', GLOBALS, 'export const now = (): unknown => new Date()'),
  canary('core/process.ts', GLOBALS, 'export const pid = (): number => process.pid'),
  canary('core/promise.ts', GLOBALS, 'export const later = Promise.resolve()'),
  canary('core/reach.ts', GLOBALS, 'export const all = globalThis'),
  canary('core/random.ts', 'randomness is an input of core', 'export const chance = Math.random()'),
  canary(
    'core/waits.ts',
    'core is synchronous',
    'export async function wait(other: PromiseLike<void>) {',
    '  await other',
    '}',
  ),
  canary('core/lazy.ts', 'core imports nothing', "export const late = import('./node.ts')"),
  canary('journal/gateway.ts', IMPORTS, "export { VERSION } from '../gateway/version.ts'"),
  canary('journal/replay.ts', IMPORTS, "export { rebuild } from '../replay/rebuild.ts'"),
  canary('replay/gateway.ts', IMPORTS, "export { VERSION } from '../gateway/version.ts'"),
  canary('replay/test.ts', IMPORTS, "export { x } from '../test/fixtures/seed.ts'"),
  canary('gateway/http/test.ts', IMPORTS, "export { x } from '../../test/fixtures/seed.ts'"),
  canary('gateway/bench.ts', IMPORTS, "export { x } from '../bench/main.ts'"),
  canary('gateway/default.ts', 'lint/style/noDefaultExport', 'export default 1'),
  canary('gateway/long.ts', 'lint/complexity/noExcessiveLinesPerFunction', ...longFunction(61)),
  canary('gateway/any.ts', 'lint/suspicious/noExplicitAny', 'export const x: any = 1'),
  canary('gateway/says.ts', 'lint/suspicious/noConsole', "console.log('hello')", 'export {}'),
  canary(
    'gateway/sure.ts',
    'lint/style/noNonNullAssertion',
    'export const first = (list: string[]): string => list[0]!',
  ),
  canary('gateway/enum.ts', 'lint/style/noEnum', 'export enum Colour {', '  red = 1,', '}'),
  canary('gateway/barrel.ts', 'lint/performance/noReExportAll', "export * from './version.ts'"),
  canary('gateway/NotKebab.ts', 'lint/style/useFilenamingConvention', 'export const kebab = false'),
  canary(
    'gateway/undeclared.ts',
    'lint/correctness/noUndeclaredDependencies',
    "export { x } from 'left-pad'",
  ),
  canary(
    'gateway/floats.ts',
    'lint/nursery/noFloatingPromises',
    'async function later(): Promise<void> {}',
    'export function now(): void {',
    '  later()',
    '}',
  ),
  canary(
    'gateway/misses.ts',
    'lint/nursery/useExhaustiveSwitchCases',
    "export function name(code: 'a' | 'b'): string {",
    '  switch (code) {',
    "    case 'a':",
    "      return 'A'",
    '  }',
    "  return ''",
    '}',
  ),
  canary(
    'gateway/unused.ts',
    'lint/correctness/noUnusedVariables',
    'const unused = 1',
    'export {}',
  ),
  canary(
    'gateway/circle.ts',
    'lint/suspicious/noImportCycles',
    "export { x } from './circle-back.ts'",
  ),
]

/** What must pass: were it found, every canary might be found for the wrong reason. */
const CLEAN: readonly Canary[] = [
  canary('core/clean.ts', '', "import { x } from './clean-too.ts'", '', 'export const y = x'),
  canary('core/clean-too.ts', '', 'export const x = 1'),
  canary('gateway/circle-back.ts', '', "export { x } from './circle.ts'"),
  canary(
    'gateway/clean.ts',
    '',
    "import type { Journal } from '../journal/journal.ts'",
    '',
    'export type Log = Journal',
  ),
  canary('gateway/not-too-long.ts', '', ...longFunction(57)),
]

interface Diagnostic {
  readonly category: string
  readonly message: string
  readonly location: { readonly path: string }
}

/** A folder with the project's rules and `files` in their places. */
function nest(folder: string, files: readonly Canary[]): string {
  for (const name of ['biome.jsonc', 'package.json', '.gitignore', 'test/tidy/core-purity.grit']) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    copyFileSync(join(ROOT, name), join(folder, name))
  }
  for (const { path, code } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), code)
  }
  return folder
}

describe('Biome', () => {
  const newDirectory = tempDirectories()
  const found = new Map<string, string[]>()

  test('finds every canary by its rule, and nothing in what is clean', async () => {
    const folder = nest(newDirectory(), [...CANARIES, ...CLEAN])
    const words = ['lint', '.', '--reporter=json', '--max-diagnostics=none']
    const { status, stdout } = await runTool('biome', words, folder)
    expect(status).toBe(1)
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] }
    for (const { category, message, location } of diagnostics) {
      const rules = found.get(location.path) ?? []
      found.set(location.path, [...rules, category === 'plugin' ? message : category])
    }
    for (const { path, rule } of CANARIES) {
      expect(found.get(path), `${path} must be found by ${rule}`).toContain(rule)
    }
    for (const { path } of CLEAN.filter(({ path: one }) => !one.includes('circle'))) {
      expect(found.get(path), path).toBeUndefined()
    }
  })
})

describe('the compiler', () => {
  const newDirectory = tempDirectories()
  const ofCore = join(ROOT, 'core/tsconfig.json')

  const compile = async (config: object, files: Readonly<Record<string, string>>) => {
    const folder = newDirectory()
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code)
    return runTool('tsc', ['-p', '.', '--noEmit', '--pretty', 'false'], folder)
  }

  test('knows neither Node nor timers in core', async () => {
    const names = ['process', 'Buffer', 'setTimeout', 'setImmediate', 'performance', 'require']
    const files = Object.fromEntries(
      names.map((name) => [`${name}.ts`, `export const canary: unknown = ${name}\n`]),
    )
    const config = { extends: ofCore, compilerOptions: { rootDir: '.' }, include: ['.'] }
    const { status, output } = await compile(config, {
      ...files,
      'node.ts': "export { readFileSync } from 'node:fs'\n",
      'clean.ts': 'export const clean: number = [1].length\n',
    })
    expect(status).not.toBe(0)
    for (const name of [...names, 'node'])
      expect(output).toMatch(new RegExp(`^${name}\\.ts\\(`, 'm'))
    expect(output).not.toMatch(/^clean\.ts/m)
  })

  test('is as strict as it can be', async () => {
    const files: Readonly<Record<string, string>> = {
      'implicit.ts': 'export const twice = (x) => x * 2\n',
      'index.ts': 'export const first = (list: string[]): string => list[0]\n',
      'optional.ts': 'export const x: { a?: number } = { a: undefined }\n',
      'signature.ts': 'export const x = (m: Record<string, number>): unknown => m.a\n',
      'returns.ts': 'export function x(a: boolean): number | undefined {\n  if (a) return 1\n}\n',
      'falls.ts':
        'export function x(a: number): void {\n  switch (a) {\n    case 1:\n      a++\n    case 2:\n      a--\n  }\n}\n',
      'unused.ts': 'export function x(a: number): void {}\n',
      'overrides.ts':
        'class A {\n  a(): void {}\n}\nexport class B extends A {\n  a(): void {}\n}\n',
      'enum.ts': 'export enum Colour {\n  red = 1,\n}\n',
      'types.ts': "import { Types } from './clean.ts'\nexport const x: Types = 1\n",
      'effect.ts': "import './nowhere.ts'\n",
    }
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { rootDir: '.' },
      include: ['.'],
    }
    const clean = 'export type Types = number\nexport const pid: number = process.pid\n'
    const { status, output } = await compile(config, { ...files, 'clean.ts': clean })
    expect(status).not.toBe(0)
    for (const name of Object.keys(files)) {
      expect(output, `${name} must be found`).toMatch(
        new RegExp(`^${name.replace('.', '\\.')}\\(`, 'm'),
      )
    }
    expect(output).not.toMatch(/^clean\.ts/m)
  })
})

describe('knip', () => {
  const newDirectory = tempDirectories()

  test('finds a file, an export and a dependency that nobody uses', async () => {
    const folder = nest(newDirectory(), [
      canary('gateway/cli/main.ts', '', "import { used } from '../used.ts'", 'used()'),
      canary('gateway/used.ts', '', 'export const used = (): void => {}', 'export const idle = 1'),
      canary('gateway/orphan.ts', '', 'export const orphan = 1'),
    ])
    copyFileSync(join(ROOT, 'knip.json'), join(folder, 'knip.json'))
    const manifest = { name: 'canary', type: 'module', dependencies: { lmdb: '1.0.0' } }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    const { status, output } = await runTool('knip', ['--no-progress'], folder)
    expect(status, output).toBe(1)
    expect(output).toMatch(/^gateway\/orphan\.ts/m)
    expect(output).toMatch(/^idle\b.*gateway\/used\.ts/m)
    expect(output).toMatch(/^lmdb\b.*package\.json/m)
  })
})
