// The process of a crowd as a bench drives it: it opens its connections first, and then everything starts at once.
import { Child } from '../child.ts'
import type { CrowdOrder, CrowdReport, CrowdStart } from './crowd.ts'

const CROWD = new URL('./crowd.js', import.meta.url)
const START: CrowdStart = { kind: 'start' }

/** What a crowd is to do; it lets nobody wait behind its end, unless it is told to. */
export type CrowdPlan = Pick<CrowdOrder, 'connections' | 'seconds'> &
  Partial<Pick<CrowdOrder, 'perSecond' | 'giveUpMs' | 'drainMs'>>

export class CrowdProcess {
  readonly #child = new Child(CROWD)

  /** A crowd whose connections are open. Whoever opens it ends it. */
  static async open(url: string, plan: CrowdPlan): Promise<CrowdProcess> {
    const crowd = new CrowdProcess()
    const standard = { perSecond: undefined, giveUpMs: undefined, drainMs: 0 }
    const order: CrowdOrder = {
      kind: 'open',
      ...standard,
      ...plan,
      port: Number(new URL(url).port),
    }
    try {
      await crowd.#child.ask(order)
    } catch (fault) {
      await crowd.end()
      throw fault
    }
    return crowd
  }

  /** Begins at once, and resolves when the crowd has closed its connections. */
  run(): Promise<CrowdReport> {
    return this.#child.ask<CrowdReport>(START)
  }

  end(): Promise<void> {
    return this.#child.end()
  }
}

/** Opens a crowd, runs it and ends it. */
export async function runCrowd(url: string, plan: CrowdPlan): Promise<CrowdReport> {
  const crowd = await CrowdProcess.open(url, plan)
  try {
    return await crowd.run()
  } finally {
    await crowd.end()
  }
}
