// Log lines of commands that belong to a trace, in the process that decides them.
import type { Logger } from 'pino'
import { traceIds } from './api/trace-context.ts'
import type { BoundedLog } from './bounded-log.ts'
import type { TracedCommand } from './nats/running-frame.ts'

/** One line at debug for each command; faults also as warnings, within the bounds of `faults`. */
export function tracedLog(logger: Logger, faults: BoundedLog): (traced: TracedCommand) => void {
  return ({ traceparent, command, answer }) => {
    const ids = traceIds(traceparent)
    const isView = answer.kind !== 'refusal' && answer.kind !== 'fault'
    const answered = isView ? answer.kind : answer.code
    logger.debug({ ...ids, command: command.kind, answered }, 'traced command')
    if (answer.kind === 'fault') {
      faults.warn(`a traced command was answered ${answer.code}`, { ...ids, command: command.kind })
    }
  }
}
