// The words of `npm run bench`: what they ask for, and what is a mistake.
import { CommanderError } from 'commander'
import { describe, expect, test } from 'vitest'
import { benchOptions } from '../../bench/bench-run.ts'
import { CHECKOUT } from '../../bench/checkout.ts'
import { benchCommand } from '../../bench/command.ts'
import { parseExplanations, readExplanations } from '../../bench/explanations.ts'
import { SCENARIOS } from '../../bench/scenarios.ts'
import { folderFor } from '../../bench/write-results.ts'
import { ROOT } from '../fixtures/source-files.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()

/** What the program would do with `words`, or what it says of them. */
async function parse(...words: string[]): Promise<{ asked: unknown[]; said: string }> {
  const asked: unknown[] = []
  let said = ''
  const named = ['http', 'engine'].map((name) => ({ name, summary: `about ${name}` }))
  const program = benchCommand(named, {
    run: async (names, flags) => void asked.push('run', names, flags),
    compare: async (revision, names, flags) => void asked.push(revision, names, flags),
  })
  const output = { writeOut: note, writeErr: note }
  for (const command of [program, ...program.commands]) command.configureOutput(output)
  function note(text: string): void {
    said += text
  }
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    said += `exit ${error.exitCode}`
  }
  return { asked, said }
}

describe('npm run bench', () => {
  test.each([
    [[], ['run', [], {}]],
    [
      ['http', 'engine'],
      ['run', ['http', 'engine'], {}],
    ],
    [
      ['http', '--quick', '--json'],
      ['run', ['http'], { quick: true, json: true }],
    ],
    [
      ['--rounds', '9', '--seconds', '5', '--out', 'here'],
      ['run', [], { rounds: 9, seconds: 5, out: 'here' }],
    ],
    [
      ['compare', 'HEAD~1'],
      ['HEAD~1', [], {}],
    ],
    [
      ['compare', 'main', 'http', '--json', '--rounds', '3', '--fail-below', '0.9'],
      ['main', ['http'], { json: true, rounds: 3, failBelow: 0.9 }],
    ],
  ])('takes %j', async (words, asked) => {
    expect(await parse(...words)).toEqual({ asked, said: '' })
  })

  test.each([
    [['nope'], /'nope' is invalid.*http, engine/],
    [['http', '--rounds', '0'], /whole number from 1/],
    [['--seconds', 'many'], /whole number from 1/],
    [['--colour'], /unknown option '--colour'/],
    [['compare'], /missing required argument 'revision'/],
    [['compare', 'HEAD', 'nope'], /'nope' is invalid/],
    [['compare', 'HEAD', '--fail-below', '2'], /number from 0 to 1/],
    [['compare', 'HEAD', '--out', 'x'], /unknown option '--out'/],
  ])('refuses %j', async (words, message) => {
    const { asked, said } = await parse(...words)
    expect(asked).toEqual([])
    expect(said).toMatch(message)
    expect(said).toContain('--help')
    expect(said).toContain('exit 1')
  })

  test('--help names every scenario and gives examples', async () => {
    const { said } = await parse('--help')
    expect(said).toMatch(/^ {2}http {4}about http$/m)
    expect(said).toContain('npm run bench -- --quick')
    expect(said).toContain('Exit codes: 0')
    expect((await parse('compare', '--help')).said).toContain('--fail-below 0.9')
  })
})

test('quick is less, and whoever names a number gets it', () => {
  const [full, quick] = [benchOptions({}), benchOptions({ quick: true })]
  expect(full).toMatchObject({ rounds: 5, seconds: 8, isQuick: false })
  expect(quick.rounds * quick.seconds).toBeLessThan(5)
  expect(benchOptions({ quick: true, rounds: 7 })).toMatchObject({ rounds: 7, isQuick: true })
})

test('only a full run writes without being told where', () => {
  const out = `${newDirectory()}/new/folder`
  expect(folderFor(undefined, false)).toBeUndefined()
  expect(folderFor(undefined, true)).toBe(`${CHECKOUT}/bench`)
  expect(folderFor(out, true)).toBe(out)
  expect(`${CHECKOUT}/`).toBe(ROOT)
})

test('scenarios have names of their own that fit a command line', () => {
  const names = SCENARIOS.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[a-z][a-z-]*$/)
  expect(names).not.toContain('compare')
})

test('explanations are found by name, and each is of a scenario', () => {
  expect(parseExplanations('## a\n\none\n\ntwo\n## b\n').get('a')).toBe('one\n\ntwo')
  const explained = [...readExplanations().keys()]
  expect(explained).toContain('http')
  expect(SCENARIOS.map(({ name }) => name)).toEqual(expect.arrayContaining(explained))
})
