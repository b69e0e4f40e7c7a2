// `holdfast keys`: makes, lists and revokes API keys. A key's text is shown once, when it is made.
import { Command, InvalidArgumentError } from 'commander'
import { KeyFileError } from '../access/errors.ts'
import { changeKeyFile, KEY_NAME_PATTERN, type KeyRecord, readKeyFile } from '../access/key-file.ts'
import { newKey, withoutSecrets } from '../access/key-text.ts'
import type { Scope } from '../access/principal.ts'
import { variableOf } from '../settings.ts'

const EXIT_FAULT = 1
const FILE_VARIABLE: string = variableOf('keysFile')
const FILE_DEFAULT = './holdfast-keys.json'
const SCOPES: readonly Scope[] = ['sell', 'read', 'operate']

const AFTER_HELP = `
Scopes: sell (reserve, confirm, cancel, extend, return, look up), read (stock, figures, metrics),
operate (open SKUs, change stock and rules; includes read).

Examples:
  holdfast keys add --name shop --scope sell,read
  holdfast keys add --name night-shift --scope operate --keys-file /etc/holdfast/keys.json
  holdfast keys list
  holdfast keys revoke shop

Servers that run with --keys-file read it anew within a second: a revoked key stops working there and then.
The file is --keys-file, or ${FILE_VARIABLE}, or ${FILE_DEFAULT}. It holds no key, only what keys are checked by.
Exit codes: 0 done, 1 a fault (the file, a name in use, no such key), 2 usage.`

interface FileFlag {
  readonly keysFile?: string
}
interface OutputFlag extends FileFlag {
  readonly json?: boolean
}
interface AddFlags extends OutputFlag {
  readonly name: string
  readonly scope: readonly Scope[]
}

/** The command, for the CLI's main. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('Make, list and revoke the API keys that say who may do what.')
    .addHelpText('after', AFTER_HELP)
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand())
}

function subCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--keys-file <path>', `the file of keys [${FILE_VARIABLE}, default ${FILE_DEFAULT}]`)
    .addHelpText('after', AFTER_HELP)
}

function addCommand(): Command {
  return subCommand('add', 'Make a key and print it, once.')
    .requiredOption('--name <name>', 'who uses it; the journal keeps it as who did it', nameOption)
    .requiredOption('--scope <scope,…>', SCOPES.join(', '), scopesOption)
    .option('--json', 'print one JSON object')
    .action((flags: AddFlags) => orFault(() => add(flags)))
}

function listCommand(): Command {
  return subCommand('list', 'List all keys, revoked ones too; never their texts.')
    .option('--json', 'print one JSON object per key')
    .action((flags: OutputFlag) => orFault(() => list(flags)))
}

function revokeCommand(): Command {
  return subCommand('revoke', 'Take a key out of use, for good.')
    .argument('<id|name>', 'the key')
    .action((which: string, flags: FileFlag) => orFault(() => revoke(which, flags)))
}

async function add({ name, scope, json, ...flags }: AddFlags): Promise<void> {
  const path = pathOf(flags)
  const { id, text, digest } = newKey()
  const createdAt = new Date().toISOString()
  const scopes = [...scope]
  const secretSha256 = digest.toString('hex')
  await changeKeyFile(path, (keys) => {
    if (keys.some((key) => key.name === name && key.revokedAt === null)) {
      throw new KeyFileError('key_name_taken', `A key named ${name} is in use; revoke it first.`)
    }
    keys.push({ id, name, scopes, secretSha256, createdAt, revokedAt: null })
  })
  if (json === true) return print(JSON.stringify({ id, name, scopes, createdAt, key: text }))
  print(text)
  process.stderr.write(
    `This is the only time that the key of ${name} is shown. Servers take it with --keys-file ${path}\n`,
  )
}

async function list({ json, ...flags }: OutputFlag): Promise<void> {
  const { keys } = readKeyFile(pathOf(flags))
  if (json === true) {
    for (const { secretSha256: _, ...key } of keys) print(JSON.stringify(key))
    return
  }
  const rows = keys.map(({ id, name, scopes, createdAt, revokedAt }) => [
    ...[id, name, scopes.join(','), createdAt],
    revokedAt === null ? 'in use' : `revoked ${revokedAt}`,
  ])
  printTable([['id', 'name', 'scopes', 'created', 'state'], ...rows])
}

async function revoke(which: string, flags: FileFlag): Promise<void> {
  const path = pathOf(flags)
  // A mistyped path would make a new file without keys.
  readKeyFile(path)
  const revoked = await changeKeyFile(path, (keys) => {
    const place = placeOf(keys, which)
    const key = keys[place]
    if (key === undefined) {
      throw new KeyFileError('key_unknown', noSuchKey(which))
    }
    const now = { ...key, revokedAt: key.revokedAt ?? new Date().toISOString() }
    keys[place] = now
    return now
  })
  print(`${revoked.id} ${revoked.name} revoked ${revoked.revokedAt}`)
}

// Terminals and logs of deployments keep what is printed, and a key that is not revoked still opens.
function noSuchKey(which: string): string {
  if (withoutSecrets(which) === which) return `No key in use has the id or name ${which}.`
  return "That is a key's text: name the key by its id, the 12 characters behind hf_, or by its name."
}

// An id names a key for ever; a name only the key that is in use.
function placeOf(keys: readonly KeyRecord[], which: string): number {
  const place = keys.findIndex(({ id }) => id === which)
  if (place >= 0) return place
  return keys.findIndex(({ name, revokedAt }) => name === which && revokedAt === null)
}

function pathOf({ keysFile }: FileFlag): string {
  return keysFile ?? process.env[FILE_VARIABLE] ?? FILE_DEFAULT
}

function nameOption(text: string): string {
  if (new RegExp(KEY_NAME_PATTERN).test(text)) return text
  throw new InvalidArgumentError('It must be 1 to 64 letters, digits, dashes or underscores.')
}

function scopesOption(text: string): readonly Scope[] {
  const said = new Set(text.split(','))
  const scopes = SCOPES.filter((scope) => said.delete(scope))
  if (scopes.length > 0 && said.size === 0) return scopes
  throw new InvalidArgumentError(`It must be one or more of ${SCOPES.join(', ')}, with commas.`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  for (const row of rows) {
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}

async function orFault(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error
    process.stderr.write(`holdfast keys: ${error.message}\n`)
    process.exitCode = EXIT_FAULT
  }
}
