// Writes the tables of docs/ that list codes and settings from the compiled code; a test compares them.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KEY_FAULTS } from '../dist/gateway/access/errors.js'
import { PROBLEMS } from '../dist/gateway/api/problems.js'
import { NATS_FAULTS } from '../dist/gateway/nats/errors.js'
import {
  describeSetting,
  flagOf,
  PROCESSES,
  settingNames,
  variableOf,
} from '../dist/gateway/settings.js'
import { JOURNAL_FAULTS } from '../dist/journal/errors.js'
import { REPLAY_FAULTS } from '../dist/replay/errors.js'

const docs = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs')

const tables = {
  'errors.md': {
    problems: problemTable(),
    faults: faultTable(JOURNAL_FAULTS),
    replay: faultTable(REPLAY_FAULTS),
    nats: faultTable(NATS_FAULTS),
    keys: faultTable(KEY_FAULTS),
  },
  'configuration.md': { settings: settingTable() },
}

for (const [file, parts] of Object.entries(tables)) {
  const path = join(docs, file)
  const text = Object.entries(parts).reduce(
    (before, [name, table]) => replaceTable(before, name, table),
    readFileSync(path, 'utf8'),
  )
  writeFileSync(path, text)
}

function problemTable() {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, isRetryable, meaning }]) =>
      `| ${status} | \`${code}\` | ${isRetryable ? 'yes' : 'no'} | ${meaning} |`,
  )
  return ['| status | code | retryable | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function faultTable(faults) {
  const rows = Object.entries(faults).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  return ['| code | meaning |', '|---|---|', ...rows].join('\n')
}

function settingTable() {
  const names = new Set(Object.values(PROCESSES).flatMap(settingNames))
  const rows = [...names].map((name) => {
    const commands = Object.keys(PROCESSES).filter(
      (command) => name in PROCESSES[command].properties,
    )
    const { default: standard, description } = describeSetting(PROCESSES[commands[0]], name)
    const otherwise = standard === undefined ? '' : `\`${standard}\``
    return `| \`${flagOf(name)}\` | \`${variableOf(name)}\` | ${otherwise} | ${commands.join(', ')} | ${description} |`
  })
  return ['| flag | variable | default | of | meaning |', '|---|---|---|---|---|', ...rows].join(
    '\n',
  )
}

function replaceTable(text, name, table) {
  const begin = `<!-- ${name}: begin -->`
  const end = `<!-- ${name}: end -->`
  const start = text.indexOf(begin)
  const stop = text.indexOf(end)
  if (start < 0 || stop < start) throw new Error(`docs: no table ${name}`)
  return `${text.slice(0, start + begin.length)}\n${table}\n${text.slice(stop)}`
}
