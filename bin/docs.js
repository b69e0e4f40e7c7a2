// Writes the tables of docs/ that list codes and settings from the compiled code; `--check` only compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROBLEMS } from '../dist/gateway/http/problems.js'
import { describeSetting, flagOf, SETTING_NAMES, variableOf } from '../dist/gateway/settings.js'
import { JOURNAL_FAULTS } from '../dist/journal/errors.js'

const docs = join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs')

const tables = {
  'errors.md': { problems: problemTable(), faults: faultTable() },
  'configuration.md': { settings: settingTable() },
}

let isStale = false
for (const [file, parts] of Object.entries(tables)) {
  const path = join(docs, file)
  const before = readFileSync(path, 'utf8')
  const after = Object.entries(parts).reduce(
    (text, [name, table]) => replaceTable(text, name, table),
    before,
  )
  if (after === before) continue
  isStale = true
  if (!process.argv.includes('--check')) writeFileSync(path, after)
}
if (isStale && process.argv.includes('--check')) {
  process.stderr.write('docs/ is not what the code says: run `npm run docs` and commit.\n')
  process.exitCode = 1
}

function problemTable() {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, isRetryable, meaning }]) =>
      `| ${status} | \`${code}\` | ${isRetryable ? 'yes' : 'no'} | ${meaning} |`,
  )
  return ['| status | code | retryable | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function faultTable() {
  const rows = Object.entries(JOURNAL_FAULTS).map(
    ([code, meaning]) => `| \`${code}\` | ${meaning} |`,
  )
  return ['| code | meaning |', '|---|---|', ...rows].join('\n')
}

function settingTable() {
  const rows = SETTING_NAMES.map((name) => {
    const { default: standard, description } = describeSetting(name)
    return `| \`${flagOf(name)}\` | \`${variableOf(name)}\` | \`${standard}\` | ${description} |`
  })
  return ['| flag | variable | default | meaning |', '|---|---|---|---|', ...rows].join('\n')
}

function replaceTable(text, name, table) {
  const begin = `<!-- ${name}: begin -->`
  const end = `<!-- ${name}: end -->`
  const start = text.indexOf(begin)
  const stop = text.indexOf(end)
  if (start < 0 || stop < start) throw new Error(`docs: no table ${name}`)
  return `${text.slice(0, start + begin.length)}\n${table}\n${text.slice(stop)}`
}
