// One owner per data directory: live ones are respected, dead ones are outnumbered, races have one winner.
// Other owners are real processes, which run the compiled code; they speak one line when they know how it went.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { takeOwnership } from '../../journal/owner.ts'
import { faultCode } from '../fixtures/blocks.ts'
import { tempDirectories } from '../fixtures/temp-directory.ts'

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** Says `ready`, waits for a line, then says how taking `process.argv[1]` went, and stays until it is killed. */
const CONTENDER = `
  import { takeOwnership } from ${JSON.stringify(join(root, 'dist', 'journal', 'owner.js'))}
  process.stdout.write('ready\\n')
  process.stdin.once('data', () => {
    try {
      process.stdout.write('generation ' + takeOwnership(process.argv[1]) + '\\n')
    } catch (fault) {
      process.stdout.write(String(fault.code) + '\\n')
    }
  })
`

const newDirectory = tempDirectories()
const children: ChildProcess[] = []

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
})

interface Contender {
  readonly child: ChildProcess
  readonly pid: number
  nextLine(): Promise<string>
  /** Makes it try, and gives what it says. */
  contend(): Promise<string>
}

async function startContender(directory: string): Promise<Contender> {
  const command = ['--input-type=module', '-e', CONTENDER, directory]
  const child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const nextLine = async (): Promise<string> => String((await lines.next()).value)
  const contend = (): Promise<string> => {
    child.stdin.write('go\n')
    return nextLine()
  }
  expect(await nextLine()).toBe('ready')
  return { child, pid: child.pid ?? 0, nextLine, contend }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

function ownerFiles(directory: string): string[] {
  return readdirSync(directory).sort()
}

function ownerFile(directory: string, generation: number): string {
  return join(directory, `owner-${String(generation).padStart(10, '0')}.json`)
}

/** The file that this process would write, with changes. */
function writeOwner(directory: string, generation: number, change: object): void {
  const scratch = newDirectory()
  takeOwnership(scratch)
  const owner = JSON.parse(readFileSync(ownerFile(scratch, 1), 'utf8'))
  writeFileSync(ownerFile(directory, generation), JSON.stringify({ ...owner, ...change }))
}

describe('an owner', () => {
  test('of a new directory is the first generation', () => {
    const directory = join(newDirectory(), 'data', 'partition-0')
    expect(takeOwnership(directory)).toBe(1)
    expect(ownerFiles(directory)).toEqual(['owner-0000000001.json'])
    const owner = JSON.parse(readFileSync(ownerFile(directory, 1), 'utf8'))
    expect(owner).toMatchObject({ pid: process.pid })
  })

  test('that lives is not outnumbered, not even by itself', async () => {
    const directory = newDirectory()
    takeOwnership(directory)
    expect(await faultCode(() => takeOwnership(directory))).toBe('journal_owned')
    expect(ownerFiles(directory)).toEqual(['owner-0000000001.json'])
  })

  test('in another process is respected, and named', async () => {
    const directory = newDirectory()
    const other = await startContender(directory)
    expect(await other.contend()).toBe('generation 1')
    expect(await faultCode(() => takeOwnership(directory))).toBe('journal_owned')
    expect(() => takeOwnership(directory)).toThrow(`is owned by process ${other.pid} on`)
    const third = await startContender(directory)
    expect(await third.contend()).toBe('journal_owned')
  })

  test('that was killed is succeeded by the next generation', async () => {
    const directory = newDirectory()
    for (const generation of [1, 2, 3]) {
      const owner = await startContender(directory)
      expect(await owner.contend()).toBe(`generation ${generation}`)
      await kill(owner.child)
    }
    expect(takeOwnership(directory)).toBe(4)
    expect(ownerFiles(directory)).toEqual(['owner-0000000004.json'])
  })
})

describe('what an owner left behind', () => {
  const dead: [string, object][] = [
    ['a process number used again', { startTicks: '1' }],
    ['another boot', { bootId: 'another' }],
    ['another process namespace', { pidNamespace: 'pid:[1]' }],
    ['a process that is gone', { pid: 2 ** 22 + 1 }],
  ]
  test.each(dead)('by %s holds nobody up', (_, change) => {
    const directory = newDirectory()
    writeOwner(directory, 7, change)
    expect(takeOwnership(directory)).toBe(8)
    expect(ownerFiles(directory)).toEqual(['owner-0000000008.json'])
  })

  test('by a process number that another live process has now holds nobody up', async () => {
    const directory = newDirectory()
    const { pid } = await startContender(newDirectory())
    writeOwner(directory, 7, { pid, startTicks: '1' })
    expect(takeOwnership(directory)).toBe(8)
  })

  test('by this very process holds up', async () => {
    const directory = newDirectory()
    writeOwner(directory, 7, {})
    expect(await faultCode(() => takeOwnership(directory))).toBe('journal_owned')
  })

  const garbage = ['', 'null', '42', '"owner"', '[]', '{}', '{"pid":', '\0\0\0\0', '{"pid":"x"}']
  test.each(garbage)('as garbage holds nobody up: %j', (text) => {
    const directory = newDirectory()
    writeFileSync(ownerFile(directory, 3), text)
    expect(takeOwnership(directory)).toBe(4)
  })

  test('under other names is left alone', () => {
    const directory = newDirectory()
    const names = ['.owner-draft', 'owner-12.json', 'owner-0000000009.json.bak']
    for (const name of names) writeFileSync(join(directory, name), '{}')
    expect(takeOwnership(directory)).toBe(1)
    expect(ownerFiles(directory)).toEqual(['owner-0000000001.json', ...names].sort())
  })

  test('by older generations goes when a newer one counts', async () => {
    const directory = newDirectory()
    for (const generation of [1, 2]) writeOwner(directory, generation, { startTicks: '1' })
    writeOwner(directory, 3, {})
    expect(await faultCode(() => takeOwnership(directory)), 'the newest counts').toBe(
      'journal_owned',
    )
    expect(ownerFiles(directory)).toHaveLength(3)
    writeOwner(directory, 3, { startTicks: '1' })
    expect(takeOwnership(directory)).toBe(4)
    expect(ownerFiles(directory)).toEqual(['owner-0000000004.json'])
  })
})

test('of six that race for the directory of a dead one, exactly one wins', async () => {
  const directory = newDirectory()
  const dead = await startContender(directory)
  expect(await dead.contend()).toBe('generation 1')
  await kill(dead.child)
  const contenders = await Promise.all(Array.from({ length: 6 }, () => startContender(directory)))
  const said = await Promise.all(contenders.map((contender) => contender.contend()))
  const winners = said.filter((line) => line.startsWith('generation '))
  expect(winners, said.join(', ')).toHaveLength(1)
  expect(said.filter((line) => line === 'journal_owned')).toHaveLength(5)
  const winner = contenders[said.findIndex((line) => line.startsWith('generation '))]
  const newest = ownerFiles(directory).at(-1) ?? ''
  expect(JSON.parse(readFileSync(join(directory, newest), 'utf8'))).toMatchObject({
    pid: winner?.pid,
  })
  expect(await faultCode(() => takeOwnership(directory))).toBe('journal_owned')
})
