// A short run of the damage drill, as the command runs it; and its command line.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { damageCommand } from '../../../../gateway/cli/drill-damage-command.ts'
import type { DamageReport } from '../../../../gateway/drill/damage/damage-report.ts'
import { ROOT } from '../../../fixtures/source-files.ts'
import { tempDirectories } from '../../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
const run = promisify(execFile)
const { HOLDFAST_SEED: SEED = '20111104' } = process.env

/** Runs the command with `flags`. */
function drill(...flags: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [join(ROOT, 'bin/holdfast.js'), 'drill', 'damage', ...flags])
}

test('80 damages give the same state, or are refused by name', async () => {
  const data = newDirectory()
  const flags = ['--cases', '80', '--seed', SEED, '--json', '--quiet', '--data', data]
  const { stdout, stderr } = await drill(...flags)
  const { cases, same, refused, died, kinds, ...rest } = JSON.parse(stdout) as DamageReport
  expect(stderr).toBe('')
  expect(rest).toEqual({
    ...{ seed: Number(SEED), different: 0, late: 0, unnamed: 0, hung: 0, findings: [] },
    diedAtStart: 0,
  })
  expect(cases).toBe(80)
  expect(same + refused + died).toBe(cases)
  expect(Math.min(same, refused)).toBeGreaterThan(10)
  expect(kinds.reduce((sum, one) => sum + one.cases, 0)).toBe(cases)
  expect(readdirSync(data), 'nothing stays of a run without a finding').toEqual([])
})

test('a case is repeated by its number, and told step by step', async () => {
  const flags = ['--seed', SEED, '--case', '3']
  const [once, again] = [await drill(...flags), await drill(...flags)]
  expect(once.stdout).toMatch(
    /^cases=1 seed=\d+ same=\d refused=\d died=\d\ndifferent=0 refused-late=0 unnamed=0 hung=0 /,
  )
  expect(again.stdout).toBe(once.stdout)
  expect(once.stderr).toMatch(
    /\ncase 3: [a-z-]+ in [a-z-]+: .+\n {2}verify: .+\n(.+\n)+ {2}verdict: /,
  )
})

test('a place that cannot be used is a fault, not a finding', async () => {
  const file = join(newDirectory(), 'file')
  writeFileSync(file, 'hello')
  const failed = drill('--cases', '1', '--data', file, '--quiet')
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining(file) })
  expect(existsSync(file)).toBe(true)
})

test.each([['--cases', '0'], ['--case', '-1'], ['--seed', 'x'], ['--cases']])(
  '%s %s is a usage error',
  async (...words) => {
    const command = damageCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined })
    const parsing = command.parseAsync(words, { from: 'user' })
    await expect(parsing).rejects.toMatchObject({ name: 'CommanderError', exitCode: 1 })
  },
)
