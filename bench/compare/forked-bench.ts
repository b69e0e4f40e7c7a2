// The bench of a checkout as a child process: which scenarios it has, and one round of one of them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { BenchError } from '../errors.ts'
import type { BenchOptions } from '../options.ts'
import type { Results } from '../results.ts'
import type { Line } from '../scenario-report.ts'

const NODE_FLAGS = ['--max-semi-space-size=64']

/** Names of the scenarios that report as data; none when the bench of the checkout is older than that. */
export async function scenariosOf(folder: string): Promise<string[]> {
  const { status, stdout } = await runBench(folder, ['--list', '--json'])
  if (status !== 0) return []
  const { scenarios } = JSON.parse(stdout) as { scenarios: { name: string }[] }
  return scenarios.map(({ name }) => name)
}

/** One round of Holdfast's own contestants. @throws BenchError `run_failed` with what the child said. */
export async function oneRound(
  folder: string,
  name: string,
  { seconds, isQuick }: BenchOptions,
): Promise<readonly Line[]> {
  const words = [name, '--json', '--ours', '--rounds', '1', '--seconds', String(seconds)]
  const { status, stdout, said } = await runBench(folder, isQuick ? [...words, '--quick'] : words)
  if (status !== 0) throw new BenchError('run_failed', `${name} failed in ${folder}:\n${said}`)
  const { reports } = JSON.parse(stdout) as Results
  return (reports[0]?.lines ?? []).filter(({ role }) => role === 'ours')
}

async function runBench(
  folder: string,
  words: readonly string[],
): Promise<{ status: number | null; stdout: string; said: string }> {
  const main = join(folder, 'dist', 'bench', 'main.js')
  const child = spawn(process.execPath, [...NODE_FLAGS, main, ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, said] = ['', '']
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    said += text
  })
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout, said }
}
