// The examples of docs/ run as a user runs them: with the built package, against a real server.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endServersAfterEach, RealServer } from '../../fixtures/real-server.ts'
import { runTool } from '../../fixtures/run-tool.ts'
import { ROOT } from '../../fixtures/source-files.ts'
import { tempDirectories } from '../../fixtures/temp-directory.ts'

const newDirectory = tempDirectories()
endServersAfterEach()

/** Runs an example to its end; gives what it said. */
async function run(name: string, ...words: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, [join(ROOT, 'docs/examples', name), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let failed = ''
  child.stdout.on('data', (text) => {
    said += text
  })
  child.stderr.on('data', (text) => {
    failed += text
  })
  const [status] = await once(child, 'close')
  expect(status, failed).toBe(0)
  return said.trimEnd().split('\n')
}

test('first-sale.js sells, and is told that it is sold out', async () => {
  const { url } = await RealServer.start(newDirectory())
  expect(await run('first-sale.js', url)).toEqual([
    expect.stringMatching(/^lamp-\d+ is open with 3 units$/),
    'ann holds 2 units for 15 minutes; 1 is left',
    'bob gets none: 1 available, 2 may come back, final: false',
    "ann's reservation is confirmed",
    'available 1, held 0, sold 2',
  ])
})

test('crowd.js sells every unit once', async () => {
  const { url } = await RealServer.start(newDirectory())
  const said = await run('crowd.js', url, url)
  expect(said.sort()).toEqual(['available 0, held 0, sold 300', 'bought: 300', 'sold_out: 700'])
})

test('resume.js goes on where its first run stopped', async () => {
  const { url } = await RealServer.start(newDirectory())
  const file = join(newDirectory(), 'order.json')
  const [first] = await run('resume.js', url, file)
  expect(first).toMatch(/^\w{26} is held$/)
  const id = first?.slice(0, 26)
  expect(await run('resume.js', url, file)).toEqual([`${id} was held by an earlier run`])
})

test('every example has a test here', () => {
  expect(readdirSync(join(ROOT, 'docs/examples')).sort()).toEqual([
    'crowd.js',
    'first-sale.js',
    'resume.js',
  ])
})

test('a project in TypeScript finds the types of the package', async () => {
  const folder = newDirectory()
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/holdfast'))
  const options = { strict: true, module: 'nodenext', target: 'es2023', lib: ['es2023', 'dom'] }
  const config = { compilerOptions: { ...options, types: [], noEmit: true }, include: ['.'] }
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const begin = `import { HoldfastClient, type Reservation, httpTransport } from 'holdfast/client'
const client = new HoldfastClient(httpTransport(['http://127.0.0.1:1']))
const result = await client.reserve({ sku: 'a', buyer: 'b', quantity: 1 })
`
  const good = `${begin}
export const held: Reservation | undefined = result.ok ? result.reservation : undefined
if (!result.ok && result.refusal.code === 'sold_out') (result.refusal.heldUnits) satisfies number
`
  writeFileSync(join(folder, 'good.ts'), good)
  const bad = `${begin}
if (!result.ok && result.refusal.code === 'sale_closed') result.refusal.heldUnits
`
  writeFileSync(join(folder, 'bad.ts'), bad)
  const { output } = await runTool('tsc', ['-p', '.', '--pretty', 'false'], folder)
  const errors = output.split('\n').filter((line) => line.includes('error'))
  expect(errors.length, output).toBe(1)
  expect(errors[0]).toMatch(/^bad\.ts.*'heldUnits' does not exist/)
})
