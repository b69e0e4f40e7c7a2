// `holdfast replay …` asked inside the test's own process: what it would print, and how it would end.
import { CommanderError } from 'commander'
import { vi } from 'vitest'
import { replayCommand } from '../../../replay/cli/replay-command.ts'
import { reportFault } from '../../../replay/cli/report-fault.ts'

/** What an asked command said. */
export interface Told {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `holdfast replay` with `words`, as its process does: without a process, one at a time. */
export async function askReplay(...words: string[]): Promise<Told> {
  const [stdout, stderr] = [kept(process.stdout), kept(process.stderr)]
  try {
    await runToItsEnd(words)
    return { status: Number(process.exitCode ?? 0), stdout: stdout.text(), stderr: stderr.text() }
  } finally {
    process.exitCode = undefined
    stdout.letGo()
    stderr.letGo()
  }
}

async function runToItsEnd(words: readonly string[]): Promise<void> {
  const replay = replayCommand()
  for (const command of [replay, ...replay.commands]) command.exitOverride()
  try {
    await replay.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2
    else reportFault(error, true)
  }
}

function kept(stream: NodeJS.WriteStream) {
  const texts: string[] = []
  const spy = vi.spyOn(stream, 'write').mockImplementation((text) => {
    texts.push(String(text))
    return true
  })
  return { text: () => texts.join(''), letGo: () => spy.mockRestore() }
}
