// One line in the log for each action of an operator: they are rare, and the first that one asks for when a sale goes wrong.
import type { FastifyRequest } from 'fastify'
import type { AdjustStock, AmendSku, OpenSku } from '../../core/command.ts'
import type { Answer } from '../partition-port.ts'

/** What operators may ask for. */
export type OperatorCommand = OpenSku | AmendSku | AdjustStock

/** Logs what `command` asked for, by whom, and what came of it: `done`, `repeated`, or the code of the problem. */
export function logAction(request: FastifyRequest, command: OperatorCommand, answer: Answer): void {
  const { kind: action, ...what } = command
  request.log.info({ action, ...what, outcome: outcomeOf(answer) }, 'operator action')
}

function outcomeOf(answer: Answer): string {
  if (answer.kind === 'refusal' || answer.kind === 'fault') return answer.code
  return answer.kind === 'sku' && answer.isReplay ? 'repeated' : 'done'
}
