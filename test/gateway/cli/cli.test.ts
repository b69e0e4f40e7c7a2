// The command line: help, usage errors, and a configuration that is refused before anything starts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  describeSetting,
  flagOf,
  PROCESSES,
  settingNames,
  variableOf,
} from '../../../gateway/settings.ts'
import { VERSION } from '../../../gateway/version.ts'
import { copyGolden } from '../../fixtures/golden-journal.ts'
import { testKeys } from '../../fixtures/guarded-app.ts'
import {
  endServersAfterEach,
  fatalLine,
  RealServer,
  runHoldfast,
} from '../../fixtures/real-server.ts'
import { ROOT } from '../../fixtures/source-files.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
endServersAfterEach()

describe('holdfast', () => {
  test('--help names every command and exits 0', async () => {
    const { status, stdout, stderr } = await runHoldfast(['--help'])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Usage: holdfast/)
    for (const command of ['serve', 'drive'])
      expect(stdout).toMatch(new RegExp(`^ +${command} `, 'm'))
  })

  test('--version is the version', async () => {
    const { status, stdout } = await runHoldfast(['--version'])
    expect([status, stdout]).toEqual([0, `${VERSION}\n`])
  })

  test.each([
    [['sell'], /unknown command 'sell'/],
    [['serve', '--colour', 'red'], /unknown option '--colour'/],
    [['serve', '--port'], /argument missing/],
    [['serve', 'now'], /too many arguments/],
    [['drive'], /missing required argument/],
  ])('exits 2 on a usage error: %j', async (words, message) => {
    const { status, stdout, stderr } = await runHoldfast(words)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(message)
    expect(stderr).toContain('--help')
  })

  test('alone shows its help and exits 2', async () => {
    const { status, stderr } = await runHoldfast([])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^Usage: holdfast/)
  })
})

/** A disk that has no room left; not every system has one. */
const FULL = '/dev/full'

describe.skipIf(!existsSync(FULL))('a full disk under stdout', () => {
  test.each([['dump'], ['verify', '--json'], ['report', '--json']])(
    'is said in one line by replay %s, which exits 1',
    async (command, ...flags) => {
      const data = newDirectory()
      copyGolden(data)
      const full = openSync(FULL, 'w')
      const words = ['bin/holdfast.js', 'replay', command, data, ...flags]
      const child = spawn(process.execPath, words, { cwd: ROOT, stdio: ['ignore', full, 'pipe'] })
      closeSync(full)
      let said = ''
      child.stderr?.on('data', (text) => {
        said += text
      })
      const [status] = await once(child, 'close')
      expect([status, said]).toEqual([1, expect.stringMatching(/^stdout: ENOSPC: .*\n$/)])
    },
  )
})

describe.each(Object.entries(PROCESSES))('holdfast %s', (command, schema) => {
  test('--help has every flag, with its variable and default, and the exit codes', async () => {
    const { status, stdout } = await runHoldfast([command, '--help'])
    expect(status).toBe(0)
    const words = stdout.replace(/\s+/g, ' ')
    for (const name of settingNames(schema)) {
      const { default: standard } = describeSetting(schema, name)
      const otherwise = standard === undefined ? '' : `, default ${standard}`
      expect(words).toContain(`${flagOf(name)} <value>`)
      expect(words).toContain(`[${variableOf(name)}${otherwise}]`)
    }
    expect(words).toMatch(/Exit codes: 0 .* 78 bad configuration/)
  })
})

describe('holdfast serve', () => {
  test('tells all mistakes of its configuration at once, on stderr, and exits 78', async () => {
    const flags = ['serve', '--port', '70000', '--drain-ms', '1s']
    const { status, stdout, stderr } = await runHoldfast(flags, { HOLDFAST_LOG_LEVEL: 'loud' })
    expect([status, stdout]).toEqual([78, ''])
    expect(stderr).toMatch(/^holdfast serve: 3 mistakes in the configuration:\n/)
    expect(stderr).toMatch(/--port: .*"70000"/)
    expect(stderr).toMatch(/--drain-ms: .*"1s"/)
    expect(stderr).toMatch(/HOLDFAST_LOG_LEVEL: .*"loud"/)
    expect(stderr).toContain('See holdfast serve --help')
  })

  test('warns of a variable that is no setting, and prefers flags to variables', async () => {
    const server = await RealServer.start(newDirectory(), {
      environment: { HOLDFAST_PROT: '1', HOLDFAST_PORT: '1', HOLDFAST_DRAIN_MS: '3000' },
    })
    expect(server.port).not.toBe(1)
    const warning = server.lines.find(({ variable }) => variable !== undefined)
    expect(warning).toMatchObject({ level: 40, variable: 'HOLDFAST_PROT' })
    expect((await server.end('SIGTERM')).status).toBe(0)
  })

  test('refuses an address that is taken or is none, and exits 1', async () => {
    const server = await RealServer.start(newDirectory())
    const taken = await RealServer.refuse(newDirectory(), {
      flags: ['--port', String(server.port)],
    })
    expect(taken.status).toBe(1)
    expect(taken.stdout).toContain('EADDRINUSE')
    const { path } = testKeys(newDirectory(), ['sell'])
    const flags = ['--host', '256.0.0.1', '--keys-file', path]
    const nowhere = await RealServer.refuse(newDirectory(), { flags })
    expect(nowhere.status).toBe(1)
    expect(fatalLine(nowhere)).toBeDefined()
  })
})
