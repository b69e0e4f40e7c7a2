// `holdfast serve`: everything in one process, without NATS.
import type { Command } from 'commander'
import { Server } from '../server.ts'
import { serveSettings } from '../settings.ts'
import { processCommand } from './process-command.ts'

const AFTER_HELP = `
Examples:
  holdfast serve
  holdfast serve --port 8080 --data /var/lib/holdfast
  HOLDFAST_LOG_LEVEL=warn holdfast serve

Every flag has a variable, HOLDFAST_PORT for --port; flags win.
Exit codes: 0 drained, 1 a fault (the journal failed, the directory is taken), 70 a bug, 78 bad configuration.`

/** The command, for the CLI's main. */
export function serveCommand(): Command {
  return processCommand({
    name: 'serve',
    description: 'Sell: one process, one partition, HTTP in front, the journal in --data.',
    schema: serveSettings,
    afterHelp: AFTER_HELP,
    create: (settings, logger, hooks) => new Server(settings, logger, hooks),
  })
}
