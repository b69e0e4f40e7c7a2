// Several partitions of one command: a process for each, started, told to stop and ended together.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { invariant } from '../../core/invariant.ts'
import type { OwnPartition } from '../core-server.ts'
import type { ProcessHooks } from '../process-hooks.ts'
import { type CoreSettings, variableOf } from '../settings.ts'
import type { LongRunning } from './process-command.ts'

/** The same command once more per partition, with the same settings, said by variables: flags would show passwords. */
export class CoreProcesses implements LongRunning {
  readonly #settings: CoreSettings
  readonly #owned: readonly OwnPartition[]
  readonly #hooks: ProcessHooks
  readonly #children: ChildProcess[] = []
  #isDraining = false

  constructor(settings: CoreSettings, owned: readonly OwnPartition[], hooks: ProcessHooks) {
    this.#settings = settings
    this.#owned = owned
    this.#hooks = hooks
  }

  async start(): Promise<void> {
    for (const own of this.#owned) this.#children.push(this.#startOne(own))
  }

  async drain(): Promise<boolean> {
    this.#isDraining = true
    const running = this.#children.filter(
      (child) => child.exitCode === null && child.signalCode === null,
    )
    const gone = running.map((child) => once(child, 'exit'))
    for (const child of running) child.kill('SIGTERM')
    await Promise.all(gone)
    return this.#children.every((child) => child.exitCode === 0)
  }

  #startOne({ partition, partitionCount }: OwnPartition): ChildProcess {
    const [, main] = process.argv
    invariant(main !== undefined, 'a process runs a program')
    const own = { ...this.#settings, partition: `${partition}/${partitionCount}` }
    const said = Object.entries(own).map(([name, value]) => [variableOf(name), String(value)])
    const child = fork(main, ['core'], {
      env: { ...process.env, ...Object.fromEntries(said) },
      // A group of its own: a Ctrl-C in the terminal must not reach it twice.
      detached: true,
      stdio: 'inherit',
    })
    child.once('exit', (status, signal) => {
      if (this.#isDraining) return
      const ending = signal ?? `exit code ${status}`
      this.#hooks.onFault(new Error(`the core of partition ${partition} ended with ${ending}`))
      for (const other of this.#children) other.kill('SIGTERM')
    })
    return child
  }
}
