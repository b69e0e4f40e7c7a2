// A command that starts a long-running process: settings as flags, a logger, signals, and the only place that ends it.
import { Command, Option } from 'commander'
import { type Logger, pino } from 'pino'
import type { Static, TObject } from '#typebox'
import { InvariantError } from '../../core/invariant.ts'
import { collectRarely } from '../collector.ts'
import { ConfigError, EXIT_CONFIG, type Flags, loadConfig, unknownVariables } from '../config.ts'
import { LinkError } from '../nats/link-error.ts'
import type { ProcessHooks } from '../process-hooks.ts'
import { describeSetting, flagOf, settingNames, variableOf } from '../settings.ts'
import { standardOutput } from './standard-output.ts'

const EXIT_FAULT = 1
/** A broken invariant (EX_SOFTWARE of sysexits). */
export const EXIT_BUG = 70
/** Time for answers that already left to reach the network before a failing process ends. */
const LAST_ANSWERS_MS = 200

/** What runs until it is told to stop. */
export interface LongRunning {
  /** Resolves when it serves. @throws when it must not. */
  start(): Promise<void>
  /** Finishes what it took; false when that proved a bug. */
  drain(): Promise<boolean>
}

export interface ProcessCommandOptions<Schema extends TObject> {
  readonly name: string
  readonly description: string
  readonly schema: Schema
  /** Examples and exit codes, for the end of the help. */
  readonly afterHelp: string
  /** @throws ConfigError or LinkError for settings that contradict each other. */
  readonly create: (settings: Static<Schema>, logger: Logger, hooks: ProcessHooks) => LongRunning
}

interface CommonSettings {
  readonly logLevel: string
  readonly drainMs: number
}

/** The command, for the CLI's main. */
export function processCommand<Schema extends TObject>(
  options: ProcessCommandOptions<Schema>,
): Command {
  const command = new Command(options.name)
    .description(options.description)
    .addHelpText('after', options.afterHelp)
  for (const name of settingNames(options.schema)) {
    command.addOption(settingOption(options.schema, name))
  }
  return command.action((flags: Flags) => run(options, flags))
}

function settingOption(schema: TObject, name: string): Option {
  const { description, default: standard, isList } = describeSetting(schema, name)
  const otherwise = standard === undefined ? '' : `, default ${standard}`
  const words = `${description} [${variableOf(name)}${otherwise}]`
  const option = new Option(`${flagOf(name)} <value>`, words)
  return isList === true ? option.argParser(joined) : option
}

function joined(said: string, before: string | undefined): string {
  return before === undefined ? said : `${before},${said}`
}

async function run<Schema extends TObject>(
  options: ProcessCommandOptions<Schema>,
  flags: Flags,
): Promise<void> {
  collectRarely()
  const settings = orExit(options.name, () => loadConfig(options.schema, flags, process.env))
  const common = settings as unknown as CommonSettings
  const logger = createLogger(common)
  warnOfSurroundings(logger)
  const hooks: ProcessHooks = {
    onFault: (fault) => endAfterAnswers(logger, fault, wordsOf(fault), EXIT_FAULT),
    onBug: (bug) => endAfterAnswers(logger, bug, 'invariant broken: stopping', EXIT_BUG),
  }
  process.on('uncaughtException', (bug) => {
    logger.fatal({ err: bug }, 'uncaught: stopping')
    process.exit(EXIT_BUG)
  })
  const running = orExit(options.name, () => options.create(settings, logger, hooks))
  const isDraining = drainOnSignal(running, common, logger)
  try {
    await running.start()
  } catch (fault) {
    // Told to stop, it gives up what it was waiting for: the drain says how that ends.
    if (isDraining()) return
    logger.fatal({ err: fault }, fault instanceof Error ? fault.message : 'cannot start')
    process.exit(fault instanceof InvariantError ? EXIT_BUG : EXIT_FAULT)
  }
}

function orExit<Value>(name: string, read: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof LinkError)) throw error
    process.stderr.write(`holdfast ${name}: ${error.message}\nSee holdfast ${name} --help.\n`)
    return process.exit(EXIT_CONFIG)
  }
}

function wordsOf(fault: unknown): string {
  return `stopping: ${fault instanceof Error ? fault.message : String(fault)}`
}

function createLogger(settings: CommonSettings): Logger {
  const options = {
    level: settings.logLevel,
    redact: ['req.headers.authorization', 'req.headers.cookie', 'req.headers["idempotency-key"]'],
  }
  return pino(options, standardOutput())
}

function warnOfSurroundings(logger: Logger): void {
  for (const variable of unknownVariables(process.env)) {
    logger.warn({ variable }, 'no such setting: is it a typing mistake?')
  }
}

// The first signal drains; a second one, or a drain that takes too long, ends the process at once.
function drainOnSignal(
  running: LongRunning,
  settings: CommonSettings,
  logger: Logger,
): () => boolean {
  let isDraining = false
  const stop = (signal: NodeJS.Signals) => {
    if (isDraining) process.exit(EXIT_FAULT)
    isDraining = true
    logger.info({ signal }, 'draining')
    setTimeout(() => {
      logger.fatal({ drainMs: settings.drainMs }, 'drain took too long: leaving')
      process.exit(EXIT_FAULT)
    }, settings.drainMs).unref()
    running.drain().then(
      (isSame) => process.exit(isSame ? 0 : EXIT_BUG),
      (fault) => endAfterAnswers(logger, fault, 'drain failed', EXIT_FAULT),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // Its parent kept a channel to it and is gone: nobody would ever stop it.
  process.once('disconnect', () => stop('SIGTERM'))
  return () => isDraining
}

function endAfterAnswers(logger: Logger, reason: unknown, words: string, status: number): void {
  logger.fatal({ err: reason }, words)
  setTimeout(() => process.exit(status), LAST_ANSWERS_MS)
}
