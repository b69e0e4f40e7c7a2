// What operators did, as the journal keeps it: SKUs opened, rules changed, stock adjusted, and by whom.
import type { Event } from '../core/event.ts'
import type { PartitionState } from '../core/partition-state.ts'
import type { SaleRules } from '../core/rules.ts'
import type { PartitionPaths } from '../journal/data-directory.ts'
import { TO_THE_END, walk } from './walk.ts'

type RuleValue = string | number | boolean | null

/** One rule before and after; null where there is none. */
export interface RuleChange {
  readonly rule: keyof SaleRules
  readonly from: RuleValue
  readonly to: RuleValue
}

/** One action. Fields that do not concern its type are undefined. */
export interface OperatorAction {
  readonly partition: number
  readonly seq: number
  /** In ms since 1970, and as ISO text. */
  readonly at: number
  readonly time: string
  /** Name of the operator's key; undefined where nobody had to say. */
  readonly by: string | undefined
  readonly sku: string
  readonly type: 'opened' | 'changed' | 'adjusted'
  readonly stock: number | undefined
  readonly rules: SaleRules | undefined
  readonly changes: readonly RuleChange[] | undefined
  readonly delta: number | undefined
  readonly reason: string | undefined
  readonly key: string | undefined
}

/** Which actions are asked for; what is undefined does not matter. Times in ms since 1970, both included. */
export interface ActionFilter {
  readonly sku: string | undefined
  readonly by: string | undefined
  readonly since: number | undefined
  readonly until: number | undefined
}

export interface ActionsFound {
  /** In the order of time. */
  readonly actions: readonly OperatorAction[]
  /** Whether the SKU that was asked for was ever opened, and the operator ever named. */
  readonly isSkuKnown: boolean
  readonly isOperatorKnown: boolean
  /** The seqs that the journals begin after, by partition. */
  readonly baseSeqs: readonly number[]
}

type Action = Omit<OperatorAction, 'partition'>

/** Reads what operators did from the journals at `places`. @throws JournalError as `walk` does. */
export async function operatorActions(
  places: readonly PartitionPaths[],
  filter: ActionFilter,
  onProgress: (events: number) => void,
): Promise<ActionsFound> {
  const actions: OperatorAction[] = []
  const baseSeqs: number[] = []
  let [isSkuKnown, isOperatorKnown, done] = [false, false, 0]
  for (const paths of places) {
    const found: Action[] = []
    const told = new ActionReader()
    const { state, identity, baseSeq } = await walk(paths, TO_THE_END, {
      onBase: (base) => told.begin(base),
      onEvent: (event, after) => {
        const action = told.read(event, after.lastSeq)
        if (action === undefined) return
        isOperatorKnown ||= action.by === filter.by
        if (isAsked(action, filter)) found.push(action)
      },
      onProgress: (seq) => onProgress(done + seq),
    })
    done += state.lastSeq
    baseSeqs.push(baseSeq)
    isSkuKnown ||= filter.sku !== undefined && state.actorOf(filter.sku) !== undefined
    for (const action of found) actions.push({ partition: identity?.partition ?? 0, ...action })
  }
  actions.sort((left, right) => left.at - right.at || left.partition - right.partition)
  return { actions, isSkuKnown, isOperatorKnown, baseSeqs }
}

/** Tells actions from other events, and what a change of rules changed. */
class ActionReader {
  readonly #rules = new Map<string, SaleRules>()

  begin(base: PartitionState): void {
    for (const { sku, rules } of base.actors) this.#rules.set(sku, rules)
  }

  read(event: Event, seq: number): Action | undefined {
    switch (event.kind) {
      case 'opened': {
        this.#rules.set(event.sku, event.rules)
        const { stock, rules } = event
        return { ...common(event, seq), type: 'opened', stock, rules }
      }
      case 'changed': {
        const before = this.#rules.get(event.sku) ?? event.rules
        this.#rules.set(event.sku, event.rules)
        return { ...common(event, seq), type: 'changed', changes: ruleChanges(before, event.rules) }
      }
      case 'adjusted': {
        const { delta, reason, key } = event
        return { ...common(event, seq), type: 'adjusted', delta, reason, key }
      }
      default:
        return undefined
    }
  }
}

/** The rules that differ between two sets, in the order of SaleRules. */
export function ruleChanges(before: SaleRules, after: SaleRules): RuleChange[] {
  const names = Object.keys(after) as (keyof SaleRules)[]
  return names.flatMap((rule) => {
    const [from, to] = [before[rule] ?? null, after[rule] ?? null]
    return from === to ? [] : [{ rule, from, to }]
  })
}

function common(
  event: Event & { readonly sku: string; readonly by: string | undefined },
  seq: number,
) {
  const { at, by, sku } = event
  const none = { stock: undefined, rules: undefined, changes: undefined }
  const time = new Date(at).toISOString()
  return { seq, at, time, by, sku, ...none, delta: undefined, reason: undefined, key: undefined }
}

function isAsked({ sku, by, at }: Action, filter: ActionFilter): boolean {
  return (
    (filter.sku === undefined || filter.sku === sku) &&
    (filter.by === undefined || filter.by === by) &&
    (filter.since === undefined || at >= filter.since) &&
    (filter.until === undefined || at <= filter.until)
  )
}
