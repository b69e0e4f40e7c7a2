// `holdfast replay history` of more than fits: into memory as JSON, onto the stack as a table.
import { afterEach, expect, test, vi } from 'vitest'
import { printTable } from '../../../replay/cli/output.ts'
import { replayCommand } from '../../../replay/cli/replay-command.ts'
import { DataDirectory } from '../../fixtures/data-directory.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import { askReplay } from './ask-replay.ts'

const newDirectory = tempDirectories()
afterEach(() => {
  vi.restoreAllMocks()
})

const seqsOf = (text: string): number[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).seq)

test('a table has room for more rows than a call has for arguments', () => {
  const lines: string[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
  const rows = Array.from({ length: 200_000 }, (_, at) => [at === 150_000 ? 'longest' : 'x', at])
  printTable(['name', 'number'], rows)
  expect(lines).toHaveLength(1 + rows.length)
  expect(lines[1]).toBe('x              0\n')
  expect(lines[150_001]).toBe('longest  150,000\n')
})

test('as JSON it tells each event as it is read, so also those before damage', async () => {
  const directory = await DataDirectory.write(newDirectory(), 3)
  await directory.editBlock(2, 7, (bytes) => bytes.subarray(0, 90))
  const words = ['history', directory.data, '--sku', 'shoe']
  const { status, stdout, stderr } = await askReplay(...words, '--json')
  expect([status, seqsOf(stdout)]).toEqual([1, [1, 2, 3, 4, 5, 6]])
  expect(stderr).toMatch(/block at seq 7 is damaged/)
  expect(await askReplay(...words)).toMatchObject({ status: 1, stdout: '' })
})

test('as JSON it waits for a reader that is slow', async () => {
  const { data } = await DataDirectory.write(newDirectory(), 3)
  const lines: string[] = []
  let [isFull, tooEarly] = [false, 0]
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    if (isFull) tooEarly++
    isFull = true
    lines.push(String(line))
    setImmediate(() => {
      isFull = false
      process.stdout.emit('drain')
    })
    return false
  })
  const words = ['history', data, '--sku', 'shoe', '--json']
  await replayCommand().parseAsync(words, { from: 'user' })
  expect([seqsOf(lines.join('')), tooEarly]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9], 0])
})
