// A server's log whose reader is slow or gone: nobody waits for it, and what can be told is told.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs, { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { standardOutput } from '../../../gateway/cli/standard-output.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const BIN = fileURLToPath(new URL('../../../bin/holdfast.js', import.meta.url))

const newDirectory = tempDirectories()

test('two lines of one turn, the second a fatal one, keep no process that nobody reads', async () => {
  const data = join(newDirectory(), 'a-file')
  writeFileSync(data, '')
  // The first line tells of the variable, the second of a directory that is none.
  const env = { PATH: process.env['PATH'], HOLDFAST_NO_SUCH_SETTING: 'yes' }
  const server = spawn(process.execPath, [BIN, 'core', '--data', data], {
    ...{ env, stdio: ['ignore', 'pipe', 'ignore'] },
  })
  onTestFinished(() => void server.kill('SIGKILL'))
  const ended = once(server, 'exit')
  server.stdout?.destroy()
  expect(await ended).toEqual([1, null])
})

/** Standard output as the next writes find it: how many bytes each takes, or why it takes none; later ones take all. */
function output(...next: readonly (number | string)[]): { text(): string; writes(): number } {
  const refusals = [...next]
  const before = process.listeners('exit')
  let text = ''
  vi.useFakeTimers()
  const spy = vi.spyOn(fs, 'writeSync').mockImplementation((_, chunk) => {
    const answer = refusals.shift() ?? Number.POSITIVE_INFINITY
    if (typeof answer === 'string') throw Object.assign(new Error(answer), { code: answer })
    const bytes = Buffer.from(chunk as string).subarray(0, answer)
    text += bytes.toString()
    return bytes.length
  })
  onTestFinished(() => {
    spy.mockRestore()
    vi.useRealTimers()
    for (const listener of exitListeners(before)) process.off('exit', listener)
  })
  return { text: () => text, writes: () => spy.mock.calls.length }
}

const exitListeners = (before: readonly NodeJS.ExitListener[] = []) =>
  process.listeners('exit').filter((listener) => !before.includes(listener))

describe('a line that standard output does not take', () => {
  test.each(['EAGAIN', 'EBUSY', 'ENOSPC', 'EIO'])('because of %s comes a little later', (code) => {
    const found = output(code, code)
    standardOutput().write('one\n')
    expect(found.text()).toBe('')
    vi.advanceTimersByTime(50)
    expect(found.text()).toBe('')
    vi.advanceTimersByTime(50)
    expect(found.text()).toBe('one\n')
    expect(vi.getTimerCount(), 'nothing is left to try').toBe(0)
  })

  test('comes before the next one, and whole where a part of it was taken', () => {
    const found = output(2, 'EAGAIN')
    const log = standardOutput()
    log.write('one\n')
    log.write('two\n')
    expect(found.text()).toBe('one\ntwo\n')
  })

  test('is dropped where a MiB waits already, and no part of any other', () => {
    const found = output(...Array<string>(1_048).fill('EAGAIN'))
    const log = standardOutput()
    const line = `${'x'.repeat(999)}\n`
    for (let count = 0; count < 5_000; count++) log.write(line)
    expect(found.text()).toBe('')
    vi.advanceTimersByTime(50)
    const lines = found.text().split('\n')
    expect(lines.pop()).toBe('')
    expect(lines).toHaveLength(1_048)
    expect(new Set(lines)).toEqual(new Set(['x'.repeat(999)]))
  })

  test('is tried no more once the reader is gone', () => {
    const found = output('EAGAIN', 'EPIPE')
    const log = standardOutput()
    log.write('one\n')
    for (let count = 0; count < 10; count++) log.write('more\n')
    vi.advanceTimersByTime(1_000)
    expect([found.text(), found.writes()]).toEqual(['', 2])
  })

  test('is tried once more when the process ends', () => {
    const before = exitListeners()
    const found = output('EAGAIN')
    standardOutput().write('the last word\n')
    for (const listener of exitListeners(before)) listener(0)
    expect(found.text()).toBe('the last word\n')
  })
})
