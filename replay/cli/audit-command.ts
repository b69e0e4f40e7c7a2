// `replay audit`: who opened, changed and adjusted what, and when.
import { Command } from 'commander'
import { completeRules, type SaleRules } from '../../core/rules.ts'
import {
  type ActionFilter,
  type OperatorAction,
  operatorActions,
  type RuleChange,
  ruleChanges,
} from '../operator-actions.ts'
import { partitionsAt } from '../partition-place.ts'
import { lastSeqAt } from '../plan.ts'
import { timeArgument } from './arguments.ts'
import {
  count,
  counted,
  endWithFault,
  noteBase,
  type OutputFlags,
  printLine,
  printTable,
  SeqProgress,
} from './output.ts'

type AuditFlags = OutputFlags & { readonly [Name in keyof ActionFilter]?: ActionFilter[Name] }

/** `replay audit`. */
export function auditCommand(): Command {
  return new Command('audit')
    .description('what operators did: who, when, and what it changed')
    .argument('[directory]', 'data directory, or one partition in it', './data')
    .option('--sku <sku>', 'only this SKU')
    .option('--by <name>', 'only what was done with the key of this name')
    .option('--since <time>', 'not before, like 2026-11-11T20:00:00Z', timeArgument)
    .option('--until <time>', 'not after', timeArgument)
    .option('--json', 'one JSON object per action')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nSeveral partitions are one sale, in the order of time. Exit codes: 0 told, 1 a fault, or a name that never occurs.\n\n' +
        'Examples:\n  holdfast replay audit\n  holdfast replay audit ./data --by eve --since 2026-11-27 --json',
    )
    .action(runAudit)
}

async function runAudit(directory: string, flags: AuditFlags): Promise<void> {
  const { sku, by, since, until } = flags
  const places = partitionsAt(directory)
  let total = 0
  for (const paths of places) total += await lastSeqAt(paths)
  const progress = new SeqProgress(total, flags)
  const onProgress = (events: number) => progress.show(events)
  const found = await operatorActions(places, { sku, by, since, until }, onProgress)
  progress.clear()
  for (const baseSeq of found.baseSeqs) noteBase('audit', baseSeq)
  if (sku !== undefined && !found.isSkuKnown) {
    return endWithFault(`audit: SKU ${sku} was never opened`)
  }
  if (by !== undefined && !found.isOperatorKnown) {
    return endWithFault(`audit: nothing was done by ${by}`)
  }
  if (flags.json !== true) return printActions(found.actions, places.length > 1)
  for (const action of found.actions) await printLine(JSON.stringify(action))
}

function printActions(actions: readonly OperatorAction[], hasPartitions: boolean): void {
  const head = ['time', ...(hasPartitions ? ['partition'] : []), 'seq', 'who', 'sku', 'action']
  const rows = actions.map((one) => {
    const place = hasPartitions ? [one.partition, one.seq] : [one.seq]
    return [one.time, ...place, one.by, one.sku, actionWords(one)]
  })
  printTable(head, rows)
}

/** What was done, in words. */
function actionWords({ stock, rules, changes, delta = 0, reason = '' }: OperatorAction): string {
  if (rules !== undefined) {
    return [`opened with ${counted(stock ?? 0, 'unit')}`, ...termWords(rules)].join(', ')
  }
  if (changes !== undefined) return changes.map(changeWords).join(', ')
  return `${delta < 0 ? '-' : '+'}${counted(Math.abs(delta), 'unit')}: ${reason}`
}

function termWords(rules: SaleRules): string[] {
  const terms = ruleChanges(completeRules({}), rules)
  return terms.map(({ rule, to }) => `${rule} ${valueWords(rule, to)}`)
}

function changeWords({ rule, from, to }: RuleChange): string {
  return `${rule} ${valueWords(rule, from)} → ${valueWords(rule, to)}`
}

function valueWords(rule: RuleChange['rule'], value: RuleChange['to']): string {
  if (value === null) return 'none'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  if (rule === 'opensAt' || rule === 'closesAt') return new Date(value).toISOString()
  return rule.endsWith('Ms') ? `${count(value)} ms` : count(value)
}
