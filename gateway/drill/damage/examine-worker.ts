// A process of its own that examines damaged directories: LMDB may kill whoever reads one, and the drill must live.
// Says `ready`, then takes one examination after the other over IPC: each reading as it comes, and `done` at the end.
import { type Examination, examine, type Reading } from './examine.ts'

/** What the worker says. */
export type WorkerMessage = Reading | { readonly kind: 'ready' } | { readonly kind: 'done' }

// A reading that is on its way when the process dies would make the wrong step look guilty.
function say(message: WorkerMessage): Promise<void> {
  return new Promise((resolve) => {
    process.send?.(message, () => resolve())
  })
}

process.on('disconnect', () => process.exit(0))
process.on('message', (examination) => {
  // What is thrown here ends the process, and the drill reports it.
  void examine(examination as Examination, say).then(() => say({ kind: 'done' }))
})
void say({ kind: 'ready' })
