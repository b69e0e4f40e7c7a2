// What the documents and types say of the client is what the code does, and it needs nothing but the web's standards.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type * as core from '../../../core/refusal.ts'
import { CLIENT_DEFAULTS } from '../../../gateway/client/client-options.ts'
import { CLIENT_FAULTS } from '../../../gateway/client/errors.ts'
import type { Refusal, RefusalCode } from '../../../gateway/client/refusals.ts'
import { runTool } from '../../fixtures/run-tool.ts'
import { importsOf, ROOT, sourceFiles } from '../../fixtures/source-files.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'
import {
  endScriptedServersAfterEach,
  heldResult,
  problem,
  results,
  ScriptedServer,
} from './scripted-server.ts'

const newDirectory = tempDirectories()
endScriptedServersAfterEach()

/** The rows of a table in docs/client.md, as cells without their padding. */
function table(name: string): string[][] {
  const page = readFileSync(join(ROOT, 'docs/client.md'), 'utf8')
  const [, inside = ''] = new RegExp(`<!-- ${name}: begin -->\n(.*?)<!--`, 's').exec(page) ?? []
  const rows = inside.trim().split('\n').slice(2)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

describe('docs/client.md', () => {
  test('lists every fault, with the meaning that the code gives it', () => {
    const expected = Object.entries(CLIENT_FAULTS).map(([code, { isRetryable, meaning }]) => [
      `\`${code}\``,
      isRetryable ? 'yes' : 'no',
      meaning,
    ])
    expect(table('faults')).toEqual(expected)
  })

  test('lists every option with its default', () => {
    const expected = Object.entries(CLIENT_DEFAULTS).map(([name, value]) => [
      `\`${name}\``,
      value.toLocaleString('en-US'),
    ])
    expect(table('options').map((cells) => cells.slice(0, 2))).toEqual(expected)
  })
})

describe('the types', () => {
  test('name the refusals of core, with the same members', () => {
    type Told<Kind> = Kind extends unknown ? Omit<Kind, 'kind' | 'retryable' | 'detail'> : never
    expectTypeOf<RefusalCode>().toEqualTypeOf<core.RefusalCode>()
    type Carrying = Exclude<RefusalCode, core.PlainRefusalCode>
    type Client = { [Code in Carrying]: Told<Extract<Refusal, { code: Code }>> }
    type Core = { [Code in Carrying]: Told<Extract<core.Refusal, { code: Code }>> }
    expectTypeOf<Client>().toEqualTypeOf<Core>()
  })
})

describe('the client', () => {
  const files = sourceFiles().filter(({ path }) => path.startsWith('gateway/client/'))

  test('compiles where there is no Node, only what browsers have too', async () => {
    const folder = newDirectory()
    cpSync(join(ROOT, 'gateway/client'), join(folder, 'client'), { recursive: true })
    const config = {
      extends: join(ROOT, 'tsconfig.json'),
      compilerOptions: { types: [], lib: ['es2023', 'dom'], rootDir: '.', noEmit: true },
      include: ['client/entry.ts'],
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const { status, output } = await runTool('tsc', ['-p', '.', '--pretty', 'false'], folder)
    expect(status, output).toBe(0)
  })

  test('is reached from its entry without leaving its folder', () => {
    const reached = new Set(['entry.ts'])
    for (const name of reached) {
      const file = files.find(({ path }) => path === `gateway/client/${name}`)
      expect(file, name).toBeDefined()
      for (const specifier of file === undefined ? [] : importsOf(file)) {
        expect(specifier, name).toMatch(/^\.\/[a-z-]+\.ts$/)
        reached.add(specifier.slice(2))
      }
    }
    expect(reached.size).toBeGreaterThan(10)
  })

  test('works where there is no setImmediate', async () => {
    const { url } = await ScriptedServer.start([results(heldResult)])
    const said = await runScript(`
      delete globalThis.setImmediate
      const { HoldfastClient, httpTransport } = await import('holdfast/client')
      const client = new HoldfastClient(httpTransport('${url}'))
      const buyers = ['ann', 'bob'].map((buyer) => client.reserve({ sku: 'a', buyer, quantity: 1 }))
      for (const { ok } of await Promise.all(buyers)) console.log(ok)
      await client.close()`)
    expect(said).toBe('true\ntrue\n')
  })

  test('leaves no timer behind, so that a process may end', async () => {
    const server = await ScriptedServer.start([
      problem(503, 'busy', { 'retry-after': '5' }),
      results(heldResult),
    ])
    const said = await runScript(`
      import { HoldfastClient, httpTransport } from 'holdfast/client'
      const http = httpTransport('${server.url}')
      let answers = 0
      const send = async (...words) => http.send(...words).finally(() => answers++)
      const client = new HoldfastClient({ operationsMax: 10, bytesMax: 1000, send, close: async () => {} })
      const request = { sku: 'a', buyer: 'ann', quantity: 1 }
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
      const turn = () => new Promise((resolve) => setImmediate(resolve))
      const aborter = new AbortController()
      const first = client.reserve(request, { signal: aborter.signal }).catch(() => 'aborted')
      while (answers === 0) await turn()
      await turn()
      console.log(timers())
      aborter.abort()
      console.log(await first)
      console.log((await client.reserve(request)).ok)
      await client.close()
      console.log(timers())`)
    expect(said).toBe('2\naborted\ntrue\n0\n')
  })
})

/** Runs a script as a user's own; gives what it said. */
async function runScript(script: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (text) => {
    said += text
  })
  await once(child, 'close')
  return said
}
