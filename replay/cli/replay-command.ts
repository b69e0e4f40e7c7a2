// `holdfast replay …`: all its commands.
import { Command } from 'commander'
import { auditCommand } from './audit-command.ts'
import { backupCommand, rebuildCommand, restoreCommand } from './copy-commands.ts'
import { diffCommand } from './diff-command.ts'
import { dumpCommand } from './dump-command.ts'
import { planCommand, verifyCommand } from './inspect-commands.ts'
import { archiveCommand, snapshotCommand, trimCommand } from './keep-commands.ts'
import { historyCommand, stateCommand } from './question-commands.ts'
import { repairCommand } from './repair-command.ts'
import { reportCommand } from './report-command.ts'
import { reshardCommand } from './reshard-command.ts'

/** The command and its sub-commands, for the CLI's main. */
export function replayCommand(): Command {
  const replay = new Command('replay').description(
    'Question, verify and keep journals; safe beside a running server.',
  )
  const looks = [planCommand(), verifyCommand(), diffCommand()]
  const questions = [stateCommand(), historyCommand(), auditCommand(), dumpCommand()]
  const reports = [reportCommand()]
  const keeps = [snapshotCommand(), archiveCommand(), trimCommand()]
  const copies = [backupCommand(), restoreCommand(), rebuildCommand()]
  const changes = [repairCommand(), reshardCommand()]
  for (const command of [...looks, ...questions, ...reports, ...keeps, ...copies, ...changes]) {
    replay.addCommand(command)
  }
  return replay
}
