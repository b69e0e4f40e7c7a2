// Servers of peers end with the bench, whatever becomes of it, and leave no files.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test, vi } from 'vitest'
import { KeptProcess } from '../../../bench/peers/kept-process.ts'
import { ROOT } from '../../fixtures/source-files.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()

/** A server that runs `script`, in a folder that a keeper may remove. */
function server(script: string, stopSignal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
  const folder = join(newDirectory(), 'server')
  mkdirSync(folder)
  const words = ['-e', script]
  return { name: 'It', folder, command: process.execPath, words, stopSignal }
}

test('asks until it answers, stops it and removes its folder', async () => {
  const options = server('setInterval(() => {}, 1000)')
  const kept = new KeptProcess(options)
  let asked = 0
  const answer = await kept.ready(async () => {
    if (++asked < 3) throw new Error('not yet')
    return asked
  })
  expect(answer).toBe(3)
  await kept.stop()
  expect(existsSync(options.folder)).toBe(false)
})

test('says what a server said that ended instead', async () => {
  const options = server("console.error('no room'); process.exit(3)")
  const kept = new KeptProcess(options)
  const never = () => Promise.reject(new Error('refused'))
  await expect(kept.ready(never)).rejects.toThrow(/^It did not start: no room\n$/)
  await kept.stop()
  expect(existsSync(options.folder)).toBe(false)
})

test('says that a program cannot be run', async () => {
  const kept = new KeptProcess({ ...server(''), command: '/nowhere/server' })
  const never = () => Promise.reject(new Error('refused'))
  await expect(kept.ready(never)).rejects.toThrow('It did not start: it cannot be run')
  await kept.stop()
})

test('ends the server of a bench that was killed, also one that heeds no signal', async () => {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as { port: number }
  const options = server(`require('net').connect(${port}, '127.0.0.1')`, 'SIGKILL')
  const module = pathToFileURL(join(ROOT, 'dist', 'bench', 'peers', 'kept-process.js')).href
  const script = `const { KeptProcess } = await import(${JSON.stringify(module)}); new KeptProcess(${JSON.stringify(options)})`
  const connected = once(listener, 'connection')
  const bench = spawn(process.execPath, ['--input-type=module', '-e', script])
  const [socket] = (await connected) as [Socket]
  const closed = once(socket.resume(), 'close')
  bench.kill('SIGKILL')
  await closed
  await vi.waitFor(() => expect(existsSync(options.folder)).toBe(false))
  listener.close()
})
