// The order of test files: what starts processes first, since one long file begun last would keep the run waiting.
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The longest first; what is not named comes after them. */
const LONG = ['tidy/gates', 'gateway/serve/', 'gateway/drill/', 'gateway/cluster/', 'gateway/cli/']

/** Files of one project stay together, so that they can share processes. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.sort((a, b) => a.project.name.localeCompare(b.project.name) || rank(a) - rank(b))
  }
}

function rank({ moduleId }: TestSpecification): number {
  const index = LONG.findIndex((part) => moduleId.includes(`/test/${part}`))
  return index < 0 ? LONG.length : index
}
