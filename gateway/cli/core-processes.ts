// Several partitions of one command: a process for each, started, told to stop and ended together.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { invariant } from '../../core/invariant.ts'
import type { OwnPartition } from '../core-server.ts'
import type { ProcessHooks } from '../process-hooks.ts'
import { type CoreSettings, variableOf } from '../settings.ts'
import { EXIT_BUG, type LongRunning } from './process-command.ts'

/** Kept back of the drain's time for those that must be killed. */
const KILL_MS = 500

/** The same command once more per partition, with the same settings, said by variables: flags would show passwords. */
export class CoreProcesses implements LongRunning {
  readonly #settings: CoreSettings
  readonly #owned: readonly OwnPartition[]
  readonly #hooks: ProcessHooks
  readonly #children: ChildProcess[] = []
  #isEnding = false

  constructor(settings: CoreSettings, owned: readonly OwnPartition[], hooks: ProcessHooks) {
    this.#settings = settings
    this.#owned = owned
    this.#hooks = hooks
  }

  async start(): Promise<void> {
    for (const own of this.#owned) this.#children.push(this.#startOne(own))
  }

  async drain(): Promise<boolean> {
    this.#isEnding = true
    await this.#endAll()
    const failed = this.#children.filter((child) => child.exitCode !== 0)
    const [first] = failed
    const isBug = failed.some((child) => child.exitCode === EXIT_BUG)
    if (first !== undefined && !isBug) throw new Error(`a core ended with ${endingOf(first)}`)
    return !isBug
  }

  // Who is killed for it has had its time: whatever starts the command again must find nobody.
  async #endAll(): Promise<void> {
    const running = this.#children.filter(
      (child) => child.exitCode === null && child.signalCode === null,
    )
    const gone = Promise.all(running.map((child) => once(child, 'exit')))
    for (const child of running) child.kill('SIGTERM')
    await Promise.race([
      gone,
      delay(Math.max(0, this.#settings.drainMs - KILL_MS), undefined, { ref: false }),
    ])
    for (const child of running) child.kill('SIGKILL')
    await gone
  }

  #startOne({ partition, partitionCount }: OwnPartition): ChildProcess {
    const [, main] = process.argv
    invariant(main !== undefined, 'a process runs a program')
    const statusPort = statusPortOf(this.#settings.statusPort, partition)
    const own = {
      ...this.#settings,
      partition: `${partition}/${partitionCount}`,
      ...(statusPort !== undefined && { statusPort }),
    }
    const said = Object.entries(own).map(([name, value]) => [variableOf(name), String(value)])
    const child = fork(main, ['core'], {
      env: { ...process.env, ...Object.fromEntries(said) },
      // A group of its own: a Ctrl-C in the terminal must not reach it twice. It drains when this process is gone.
      detached: true,
      stdio: 'inherit',
    })
    child.once('exit', () => {
      if (!this.#isEnding) void this.#endWith(partition, child)
    })
    return child
  }

  async #endWith(partition: number, child: ChildProcess): Promise<void> {
    this.#isEnding = true
    await this.#endAll()
    const words = `the core of partition ${partition} ended with ${endingOf(child)}`
    this.#hooks.onFault(new Error(words))
  }
}

/** The status port of one of several partitions: the first one plus its number; 0, any free one, stays that. */
export function statusPortOf(first: number | undefined, partition: number): number | undefined {
  return first === undefined || first === 0 ? first : first + partition
}

function endingOf({ exitCode, signalCode }: ChildProcess): string {
  return signalCode ?? `exit code ${exitCode}`
}
