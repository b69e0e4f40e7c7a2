// A short power drill on the real journal, and proof that it would notice a promise that is not kept.
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { buildRecorder } from '../../../../gateway/drill/power/build-recorder.ts'
import type { PowerDrillReport } from '../../../../gateway/drill/power/power-drill.ts'
import { decodeRecords, encodeRecord, KIND } from '../../../../gateway/drill/power/record-format.ts'
import { ROOT } from '../../../fixtures/source-files.ts'
import { tempDirectories } from '../../../fixtures/temp-directory.ts'

const run = promisify(execFile)
const newDirectory = tempDirectories()
// The recorder is built by the machine's own compiler, and preloaded as only Linux does it.
const hasCompiler = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0
const needsCompiler = test.skipIf(!hasCompiler)

interface Ending {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command to its end. */
async function drillPower(flags: readonly string[], environment: object = {}): Promise<Ending> {
  const words = [join(ROOT, 'bin/holdfast.js'), 'drill', 'power', ...flags]
  try {
    const env = { ...process.env, ...environment }
    return { code: 0, ...(await run(process.execPath, words, { env })) }
  } catch (failed) {
    return failed as Ending
  }
}

/** A recording of one life in which no sync ever came back: everything acknowledged is at risk. */
async function recordingWithoutSyncs(): Promise<string> {
  const directory = join(newDirectory(), 'recording')
  mkdirSync(directory)
  const program = `import { recordLives } from './dist/gateway/drill/power/record-lives.js'
    await recordLives(${JSON.stringify(directory)}, 1, 5)`
  await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: ROOT })
  const path = join(directory, 'recording.bin')
  const records = decodeRecords(readFileSync(path)).map((record) =>
    encodeRecord(record.kind === KIND.syncEnd ? { ...record, flags: 1 } : record),
  )
  writeFileSync(path, Buffer.concat(records))
  return directory
}

needsCompiler(
  'two hundred power losses cost nothing that was acknowledged (needs gcc)',
  async () => {
    const { HOLDFAST_SEED: seed = '20111104' } = process.env
    const flags = ['--images', '200', '--lives', '2', '--seed', seed, '--json', '--quiet']
    const { code, stdout, stderr } = await drillPower(flags)
    expect([code, stderr]).toEqual([0, ''])
    const { operations, acknowledged, ...rest } = JSON.parse(stdout) as PowerDrillReport
    expect(operations).toBeGreaterThan(150)
    expect(acknowledged).toBeGreaterThan(20)
    expect(rest).toEqual({
      ...{ seed: Number(seed), recordings: 1, images: 200 },
      ...{ lost: 0, wrong: 0, refused: 0, died: 0, halfWritten: 0, breaches: [] },
    })
  },
)

describe('a journal whose syncs do nothing', () => {
  needsCompiler('is found out, and the image can be looked at again (needs gcc)', async () => {
    const directory = await recordingWithoutSyncs()
    const found = await drillPower(['--recording', directory, '--images', '20', '--quiet'])
    expect(found.code).toBe(3)
    expect(found.stdout).toMatch(/^images=20 acknowledged=\d+ seed=5\n/)
    expect(found.stdout).toMatch(/acknowledged-but-lost=[1-9]\d* /)
    const [, again = '', image] =
      /holdfast drill power (--recording .* --image (\d+))/.exec(found.stderr) ?? []
    const repeated = await drillPower(again.split(' '))
    expect(repeated.code).toBe(3)
    expect(repeated.stdout).toMatch(/^images=1 /)
    expect(repeated.stderr).toContain(`image ${image}: `)
    expect(repeated.stderr).toMatch(/The power went after \d+ of \d+ operations/)
    expect(repeated.stderr).toMatch(/^ {2}lost \d+ /m)
  })
})

describe('a drill that cannot be carried out', () => {
  test('for want of a compiler says what to install', async () => {
    const { code, stdout, stderr } = await drillPower(['--images', '1'], { PATH: newDirectory() })
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/no C compiler: cc was not found.*apt-get install gcc/s)
  })

  test('because the compiler fails says why', async () => {
    const building = buildRecorder(newDirectory(), 'false')
    await expect(building).rejects.toMatchObject({ code: 'no_compiler' })
  })

  test('because the folder holds no recording names it', async () => {
    const directory = newDirectory()
    const { code, stderr } = await drillPower(['--recording', directory, '--quiet'])
    expect(code).toBe(1)
    expect(stderr).toContain(`${directory} holds no recording`)
  })

  test('because an image was named without its recording is a usage error', async () => {
    const { code, stderr } = await drillPower(['--image', '4'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/--image needs --recording/)
  })
})
