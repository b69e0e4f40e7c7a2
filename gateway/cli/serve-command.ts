// `holdfast serve`: the process around the server. The only place that ends it.
import { Command, Option } from 'commander'
import { type Logger, pino } from 'pino'
import { ConfigError, EXIT_CONFIG, type Flags, loadConfig, unknownVariables } from '../config.ts'
import { Server } from '../server.ts'
import { describeSetting, flagOf, SETTING_NAMES, type Settings, variableOf } from '../settings.ts'

const EXIT_FAULT = 1
/** A broken invariant (EX_SOFTWARE of sysexits). */
const EXIT_BUG = 70
/** Time for answers that already left to reach the network before a failing process ends. */
const LAST_ANSWERS_MS = 200

const EXAMPLES = `
Examples:
  holdfast serve
  holdfast serve --port 8080 --data /var/lib/holdfast
  HOLDFAST_LOG_LEVEL=warn holdfast serve

Every flag has a variable, HOLDFAST_PORT for --port; flags win.
Exit codes: 0 drained, 1 a fault (the journal failed, the directory is taken), 70 a bug, 78 bad configuration.`

/** The command, for the CLI's main. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('Sell: one process, one partition, HTTP in front, the journal in --data.')
    .addHelpText('after', EXAMPLES)
  for (const name of SETTING_NAMES) {
    const { description, default: standard } = describeSetting(name)
    const words = `${description} [${variableOf(name)}, default ${standard}]`
    command.addOption(new Option(`${flagOf(name)} <value>`, words))
  }
  return command.action((flags: Flags) => runServer(flags))
}

async function runServer(flags: Flags): Promise<void> {
  const settings = configOrExit(flags)
  const logger = createLogger(settings)
  warnOfSurroundings(settings, logger)
  const server = new Server(settings, logger, {
    onFault: (fault) => endAfterAnswers(logger, fault, 'journal failed: stopping', EXIT_FAULT),
    onBug: (bug) => endAfterAnswers(logger, bug, 'invariant broken: stopping', EXIT_BUG),
  })
  process.on('uncaughtException', (bug) => {
    logger.fatal({ err: bug }, 'uncaught: stopping')
    process.exit(EXIT_BUG)
  })
  drainOnSignal(server, settings, logger)
  try {
    await server.start()
  } catch (fault) {
    logger.fatal({ err: fault }, fault instanceof Error ? fault.message : 'cannot start')
    process.exit(EXIT_FAULT)
  }
}

function configOrExit(flags: Flags): Settings {
  try {
    return loadConfig(flags, process.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`holdfast serve: ${error.message}\nSee holdfast serve --help.\n`)
    return process.exit(EXIT_CONFIG)
  }
}

function createLogger(settings: Settings): Logger {
  return pino({
    level: settings.logLevel,
    redact: ['req.headers.authorization', 'req.headers.cookie', 'req.headers["idempotency-key"]'],
  })
}

function warnOfSurroundings(settings: Settings, logger: Logger): void {
  for (const variable of unknownVariables(process.env)) {
    logger.warn({ variable }, 'no such setting: is it a typing mistake?')
  }
  const isLoopback = /^(127\.|::1$|localhost$)/.test(settings.host)
  if (isLoopback) return
  logger.warn({ host: settings.host }, 'anyone who reaches this address can sell and change stock')
}

// The first signal drains; a second one, or a drain that takes too long, ends the process at once.
function drainOnSignal(server: Server, settings: Settings, logger: Logger): void {
  let isDraining = false
  const stop = (signal: NodeJS.Signals) => {
    if (isDraining) process.exit(EXIT_FAULT)
    isDraining = true
    logger.info({ signal }, 'draining')
    setTimeout(() => {
      logger.fatal({ drainMs: settings.drainMs }, 'drain took too long: leaving')
      process.exit(EXIT_FAULT)
    }, settings.drainMs).unref()
    server.drain().then(
      (isSame) => process.exit(isSame ? 0 : EXIT_BUG),
      (fault) => endAfterAnswers(logger, fault, 'drain failed', EXIT_FAULT),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

function endAfterAnswers(logger: Logger, reason: unknown, words: string, status: number): void {
  logger.fatal({ err: reason }, words)
  setTimeout(() => process.exit(status), LAST_ANSWERS_MS)
}
