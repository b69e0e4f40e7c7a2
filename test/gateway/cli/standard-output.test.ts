// A server's log whose reader is gone before it says anything: it must end all the same.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
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
